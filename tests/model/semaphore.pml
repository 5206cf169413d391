/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The semaphore: hosts that commit changes by ballots in sectors of their own,
 * publish whole images in slots that they reuse, die at any moment and start
 * again from what is on the disk.
 *
 * A value is a number: which write of which host it is.  image[] says what each
 * slot holds; applied[] what an image says, two bits for each host: how many of
 * its changes are in there.  Sectors are read one by one, in any interleaving.
 *
 * Promised: one value per version; the image of the latest decided version is
 * whole; no change is applied twice; a host that was told "done" finds its
 * change in every later version.
 *
 * Sizes: HOSTS VERSIONS CRASHES (all hosts together), TRIES (ballots of each),
 * IMAGES (written by each), CHANGES (wanted by each).
 *
 * -DDIRECTED (with -DHOSTS=3) lets few ballots meet in a way that is rare otherwise.
 *
 * Without one rule each, and must fail then:
 *  -DNO_LATER    a sector that has moved on to a later instance says nothing
 *  -DNO_OWN      the value of one's own is not kept: other images may go over it
 *  -DNO_IDS      after a lost race the change is applied again, unseen
 *  -DNO_INHERIT  whoever restarts begins with an empty sector
 *  -DNO_MBAL     ... with the lowest ballot, though its sector says more
 *  -DNO_ACCEPT   ... without what it had accepted
 */
#ifndef HOSTS
#define HOSTS 2
#endif
#ifndef VERSIONS
#define VERSIONS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef TRIES
#define TRIES 2
#endif
#ifndef IMAGES
#define IMAGES 3
#endif
#ifndef CHANGES
#define CHANGES 1
#endif
#ifdef DIRECTED
/* Host 0 ballots 3, 6 and 9, host 1 ballots 7, host 2 ballots 5: what shows a lost `own`. */
#define TRIES_OF(h) ((h) == 0 -> 3 : 1)
#define BEGIN_ABOVE(h) ((h) == 1 -> HOSTS : 0)
#else
#define TRIES_OF(h) TRIES
#define BEGIN_ABOVE(h) 0
#endif
#define SLOTS 3
#define VALUES (HOSTS * IMAGES)
#define FIRST (VALUES + 1)		/* the image that formatting wrote: host 0, slot 0 */
#define HOST_OF(x) ((x) == FIRST -> 0 : ((x) - 1) / IMAGES)
#define PLACE(x) (HOST_OF(x) * SLOTS + slot_of[x])
#define MINE(x) ((x) != 0 && HOST_OF(x) == me)
#ifdef NO_OWN
#define NAMED(s) (disk[me].instance == v && MINE(disk[me].value) && slot_of[disk[me].value] == (s))
#else
#define NAMED(s) false		/* where one's own is named no other is written */
#endif
#define FREE(s) (!(MINE(known) && slot_of[known] == (s)) && !NAMED(s))
#define APPLIED(x, h) ((applied[x] >> (2 * (h))) & 3)

typedef sector {
	byte instance;
	byte mbal;
	byte bal;
	byte value;
	byte own;
	byte decided;
	byte decided_value
}

sector disk[HOSTS];
byte image[HOSTS * SLOTS];
byte slot_of[VALUES + 2];
byte applied[VALUES + 2];
byte images[HOSTS];		/* written so far */
byte wanted[HOSTS];		/* changes that the host's users have asked for */
byte crashes;
byte values[VERSIONS + 1];	/* what was decided */
byte newest;

inline decide(x)
{
	d_step {
		assert(values[v] == 0 || values[v] == x);
		values[v] = x;
		/* One change of one host more than its predecessor. */
		assert(applied[x] - applied[values[v - 1]] == 1 ||
		       applied[x] - applied[values[v - 1]] == 4 ||
		       applied[x] - applied[values[v - 1]] == 16);
		if
		:: v > newest -> newest = v
		:: else
		fi;
		assert(v < newest || image[PLACE(x)] == x)
	}
}

/* The process may die before a write, or after it: it has landed or it has not. */
inline may_crash()
{
	if
	:: crashes < CRASHES -> crashes++; goto restart
	:: true
	fi
}

/* Read all sectors: what is decided, who has joined a larger ballot, what is accepted. */
inline scan()
{
	d_step { j = 0; later = 0; larger = 0; learned = v - 1; learned_value = known };
	do
	:: j < HOSTS ->
		d_step {
#ifdef NO_LATER
			if
			:: j != me && disk[j].instance == v && disk[j].decided >= v ->
				learned = v; learned_value = disk[j].decided_value
			:: else
			fi;
#else
			if
			:: j != me && disk[j].decided > learned ->
				learned = disk[j].decided; learned_value = disk[j].decided_value
			:: else
			fi;
#endif
			if
			:: j != me && disk[j].instance == v ->
				if
				:: disk[j].mbal > larger -> larger = disk[j].mbal
				:: else
				fi;
				if
				:: disk[j].bal > best -> best = disk[j].bal; choice = disk[j].value
				:: else
				fi
			:: else
			fi;
			j++
		}
	:: else -> break
	od;
	j = 0
}

proctype host(byte me)
{
	byte v, known, b, j, larger, best, choice, learned, learned_value, tries, mine;
	bit later;

	b = BEGIN_ABOVE(me);
	goto begin;
restart:
	skip;
	d_step {
		b = 0; j = 0; larger = 0; best = 0; choice = 0; mine = 0; later = 0;
#ifdef NO_INHERIT
		disk[me].mbal = 0; disk[me].bal = 0; disk[me].value = 0; disk[me].own = 0;
#endif
#ifdef NO_ACCEPT
		disk[me].bal = 0; disk[me].value = 0;
#endif
		learned = 0; learned_value = 0
	}
begin:
	skip;
	/* All that is known is the own sector. */
	d_step {
		v = disk[me].decided + 1;
		known = disk[me].decided_value;
#ifndef NO_MBAL
		if
		:: disk[me].instance == v -> b = disk[me].mbal
		:: else
		fi
#endif
	}
	do
	:: v > VERSIONS || tries >= TRIES_OF(me) -> break
	:: else ->
		tries++;
		/* The latest image, if it is still there; else somebody has decided more. */
		if
		:: image[PLACE(known)] != known -> goto look
		:: else
		fi;
		d_step {
			mine = 0;
#ifndef NO_OWN
			if
			:: disk[me].instance == v -> mine = disk[me].own
			:: else
			fi;
#endif
#ifdef NO_IDS
			assert(APPLIED(known, me) < wanted[me])
#else
			assert(APPLIED(known, me) <= wanted[me])
#endif
		}
#ifndef NO_IDS
		if
		:: APPLIED(known, me) == wanted[me] ->	/* told "done" */
			if
			:: wanted[me] == CHANGES -> break
			:: else -> wanted[me]++
			fi
		:: else
		fi;
#endif
		if
		:: mine == 0 ->
			if
			:: images[me] == IMAGES -> break
			:: else
			fi;
			mine = me * IMAGES + images[me] + 1;
			if
			:: d_step { FREE(0) -> slot_of[mine] = 0 }
			:: d_step { FREE(1) -> slot_of[mine] = 1 }
			:: d_step { FREE(2) -> slot_of[mine] = 2 }
			fi;
			d_step {
				images[me]++;
				applied[mine] = applied[known] + (1 << (2 * me));
				assert(PLACE(mine) != PLACE(values[newest]));
				image[PLACE(mine)] = mine
			}
		:: else
		fi;
		/* Join a ballot above every one seen, in either half. */
		skip;
		d_step {
			b = (b / HOSTS + 1) * HOSTS + me;
			best = 0; choice = 0;
			if
			:: disk[me].instance == v -> best = disk[me].bal; choice = disk[me].value
			:: else
			fi
		}
		may_crash();
		skip;
		d_step {
			disk[me].instance = v; disk[me].mbal = b;
			disk[me].bal = best; disk[me].value = choice;
			disk[me].own = mine;
			disk[me].decided = v - 1; disk[me].decided_value = known
		}
		scan();
		if
		:: learned >= v -> goto news
		:: learned < v && larger > b -> b = larger; goto next
		:: else
		fi;
		if
		:: choice == 0 -> choice = mine
		:: else
		fi;
		may_crash();
		skip;
		d_step { disk[me].bal = b; disk[me].value = choice };
		/* What others have accepted is of no interest any more. */
		best = 255;
		scan();
		if
		:: learned >= v -> goto news
		:: learned < v && larger > b -> b = larger; goto next
		:: else
		fi;
		decide(disk[me].value);
		may_crash();
		skip;
		d_step {
			disk[me].decided = v; disk[me].decided_value = disk[me].value;
			learned = v; learned_value = disk[me].value
		};
#ifdef NO_IDS
		/* Its own has won: the next change, if there is one. */
		if
		:: disk[me].value == mine && wanted[me] == CHANGES -> break
		:: disk[me].value == mine && wanted[me] < CHANGES -> wanted[me]++
		:: else
		fi;
#endif
		goto news;
look:
		skip;
		best = 255;
		scan();
#ifndef NO_LATER
		assert(learned >= v);
#endif
news:
		skip;
		d_step {
			if
			:: learned >= v -> v = learned + 1; known = learned_value; b = 0
			:: else
			fi
		};
next:
		skip;
		d_step { larger = 0; best = 0; choice = 0; mine = 0; learned = 0; learned_value = 0 }
	od
}

init {
	byte i = 0;

	atomic {
		image[0] = FIRST;
		values[0] = FIRST;
		do
		:: i < HOSTS ->
			disk[i].decided_value = FIRST;
			wanted[i] = 1;
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < HOSTS -> run host(i); i++
		:: else -> break
		od
	}
}
