/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One host's pair of sectors: what a reader may conclude from it while writes
 * fail, tear and land late.
 *
 * The host writes states 1..STATES, each with the next sequence number to the
 * half that does not hold the present one.  A write is in two steps, torn in
 * between (unless another may still land late: against both at once a pair is not
 * enough).  It may fail: it has landed, has not, has left the half torn, or lands
 * later, once, at any time.  Then the same write goes to the same half again,
 * and from then on every state is written to both halves before it counts.
 *
 * Promised: whoever reads the pair after a state counted finds that state or a
 * later one, or nothing (both halves bad, each in the middle of another write);
 * and no write begins while the other half is bad.
 *
 *  -DOTHER_HALF  a failed write is tried again on the other half (must fail)
 *  -DSINGLE      after a failure states are written to one half only (must fail)
 *  -DTRUSTING    a reader takes the good half of a bad pair at once (must fail)
 */
#ifndef STATES
#define STATES 3
#endif
#ifndef FAULTS
#define FAULTS 1
#endif
#define BAD 255

byte half[2];		/* sequence numbers; BAD: torn */
byte state_of[16];	/* by sequence */
byte counted;		/* the last state that counts */
byte faults;
byte late_seq;		/* a write that may land later; 0: none */
bit late;		/* T_late has begun, and does not end here */
bit done;

#define NEWEST(a, b) ((a) == BAD -> (b) : ((b) == BAD -> (a) : ((a) > (b) -> (a) : (b))))

inline put(seq, at)
{
	assert(half[1 - at] != BAD);
	if
	:: d_step { !late -> half[at] = BAD }
	:: late
	fi;
	if
	:: half[at] = seq; ok = 1
	:: faults < FAULTS -> faults++; ok = 0; doubtful = 1;
	   if
	   :: skip				/* torn */
	   :: half[at] = seq			/* landed */
	   :: half[at] = before			/* not at all */
	   :: late_seq = seq; late = 1; half[at] = before	/* later */
	   fi
	fi
}

proctype host()
{
	byte seq, at, before, state;
	bit ok, doubtful, twin;

	seq = 1;
	state = 1;
	do
	:: state > STATES -> break
	:: else ->
		twin = 0;
again:		skip;
		seq++;
retry:		skip;
		d_step { state_of[seq] = state; at = seq & 1; before = half[at] }
		put(seq, at);
		if
		:: !ok ->
#ifdef OTHER_HALF
			goto again
#else
			goto retry
#endif
		:: else
		fi;
#ifndef SINGLE
		if
		:: doubtful && !twin -> twin = 1; goto again
		:: else
		fi;
#endif
		skip;
		d_step { counted = state; state++; at = 0; before = 0 }
	od;
	done = 1
}

proctype fabric()
{
	do
	:: atomic { late_seq != 0 -> half[late_seq & 1] = late_seq; late_seq = 0 }
	:: done -> break
	od
}

proctype reader()
{
	byte first, a, b, again_a, again_b;

	do
	:: done -> break
	:: else ->
		d_step { first = counted; a = 0; b = 0 };
		a = half[0];
		b = half[1];
#ifndef TRUSTING
		/* A half that is bad: again, and only what is unchanged counts. */
		do
		:: a == BAD || b == BAD ->
			again_a = half[0];
			again_b = half[1];
			if
			:: again_a == a && again_b == b -> break
			:: else -> a = again_a; b = again_b
			fi
		:: else -> break
		od;
#endif
		skip;
		d_step {
			assert((a == BAD && b == BAD) || state_of[NEWEST(a, b)] >= first);
			a = 0; b = 0; again_a = 0; again_b = 0; first = 0
		}
	od
}

init {
	atomic {
		half[0] = 0;
		half[1] = 1;
		run host();
		run fabric();
		run reader()
	}
}
