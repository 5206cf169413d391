#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run - the Spin models of the semaphore: what must hold, and what must fail.
#
#   tests/model/run.sh [--all]
#
# Without --all only what is searched to the end in a few seconds (for `make
# check`); with it the larger sizes as well, the largest in part (bitstate).
# A variant that must fail and does not is a failure of the model.

set -u
here=$(cd "$(dirname "$0")" && pwd)
all=no
[ "${1-}" != --all ] || all=yes

for tool in spin cc; do
	command -v "$tool" > /dev/null || {
		echo "skipped: $tool is not installed"
		exit 77
	}
done
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
failed=0

# Searches model $2 with defines $4 ($3: flags for the verifier); $1 is "holds" or "fails".
search()
{
	expected=$1 model=$2 verifier=$3 defines=$4
	depth=2000000
	rm -rf "$scratch/run" && mkdir "$scratch/run" && cd "$scratch/run" || exit 99
	# shellcheck disable=SC2086 # lists of flags
	spin -a $defines "$here/$model.pml" > spin.out 2>&1 &&
		cc -O2 -w -DSAFETY $verifier -o pan pan.c > cc.out 2>&1 || {
		cat spin.out cc.out
		exit 99
	}
	# In part: a GiB of bits, ten minutes.
	bits=
	[ "$verifier" != -DBITSTATE ] || bits='-w33 -Q10'
	# shellcheck disable=SC2086 # none, or two
	./pan "-m$depth" $bits > pan.out 2>&1
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out)
	seconds=$(sed -n 's/^pan: elapsed time \([0-9.e+]*\) seconds.*/\1/p' pan.out)
	found=fails
	! grep -q 'errors: 0' pan.out || found=holds
	# What ran out of memory or depth was not searched to the end, and proves nothing.
	! grep -q 'max search depth too small\|out of memory\|reached -DMEMLIM' pan.out ||
		found="was cut short"
	result=ok
	if [ "$found" != "$expected" ]; then
		result="NOT OK: must be '$expected'"
		failed=1
	fi
	printf '%-9s %-44s %-6s %12s states %8s s  %s\n' "$model" "$defines" "$found" \
		"$states" "$seconds" "$result"
}

full='-DCOLLAPSE -DMEMLIM=6000'

search fails field "$full" ''

search holds pair "$full" ''
search fails pair "$full" -DOTHER_HALF
search fails pair "$full" -DSINGLE
search fails pair "$full" -DTRUSTING

search holds semaphore "$full" ''
search holds semaphore "$full" '-DCHANGES=2'
search fails semaphore "$full" '-DNO_LATER -DCHANGES=2'
search fails semaphore "$full" '-DNO_OWN -DDIRECTED -DHOSTS=3 -DVERSIONS=1 -DCRASHES=0'
search fails semaphore "$full" -DNO_IDS
search fails semaphore "$full" -DNO_INHERIT
search fails semaphore "$full" '-DNO_MBAL -DTRIES=3 -DIMAGES=4'
search fails semaphore "$full" -DNO_ACCEPT

if [ "$all" = yes ]; then
	search holds semaphore "$full" '-DDIRECTED -DHOSTS=3 -DVERSIONS=1 -DCRASHES=0'
	search holds semaphore "$full" '-DTRIES=3 -DCRASHES=2'
	search holds semaphore "$full" '-DHOSTS=3 -DTRIES=1 -DCRASHES=1 -DIMAGES=2'
	search holds semaphore '-DBITSTATE' '-DHOSTS=3 -DTRIES=2 -DCRASHES=1'
fi
exit "$failed"
