/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The semaphore as one field that everybody writes: read it, write your id if it
 * is empty, read it back, and if it is still yours you hold it.  Must fail:
 * two hosts hold it at once.
 */
#define HOSTS 2
#define EMPTY 0

byte field;
byte holders;

proctype host(byte id)
{
	byte seen;

	do
	:: seen = field;
	   if
	   :: seen == EMPTY ->
		field = id;
		seen = field;
		if
		:: seen == id ->
			holders++;
			assert(holders == 1);
			holders--;
			field = EMPTY
		:: else
		fi
	   :: else
	   fi
	od
}

init {
	byte i = 1;

	atomic {
		do
		:: i <= HOSTS -> run host(i); i++
		:: else -> break
		od
	}
}
