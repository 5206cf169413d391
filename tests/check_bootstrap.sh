#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check_bootstrap - what ./bootstrap says and counts, with stand-ins for
# everything that it would run.

set -u
export LC_ALL=C

tree=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd) || exit 99
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
failed=0

# A tree that is configured already, and stand-ins for all tools.
mkdir -p "$scratch/tree/build/tests" "$scratch/bin"
cp "$tree/bootstrap" "$scratch/tree/" || exit 99
touch "$scratch/tree/configure.ac" "$scratch/tree/configure" \
      "$scratch/tree/build/config.status" "$scratch/tree/build/Makefile"
for tool in $(sed -n 's/^cmd:\([^ ]*\) .*/\1/p' "$tree/bootstrap") apt-get dnf pacman; do
	printf '#!/bin/sh\nexit 0\n' > "$scratch/bin/$tool"
done
cat > "$scratch/bin/make" << 'END'
#!/bin/sh
case "$*" in
*VERBOSE=1*) [ ! -e "$STAND_IN_LOG" ] || cp "$STAND_IN_LOG" "$2/test-suite.log" ;;
*) exit "$STAND_IN_BUILD" ;;
esac
exit "$STAND_IN_STATUS"
END
cat > "$scratch/bin/id" << 'END'
#!/bin/sh
echo "$STAND_IN_UID"
END
chmod +x "$scratch/bin"/*

# Run it as user $1 with the words that follow; output, its last line and status are kept.
bootstrap()
{
	export STAND_IN_UID="$1"
	shift
	PATH="$scratch/bin:$PATH" "$scratch/tree/bootstrap" "$@" \
		> "$scratch/out" 2> "$scratch/err" < /dev/null
	status=$?
	last=$(tail -n 1 "$scratch/out")
}

# $1: the rule; $2, $3: last line of stdout (a pattern) and exit status expected.
expect()
{
	# shellcheck disable=SC2254 # a pattern on purpose
	case "$last" in
	$2) [ "$status" -eq "$3" ] && return ;;
	esac
	echo "$1: expected [$2] and $3, got [$last] and $status"
	cat "$scratch/err"
	failed=1
}

export STAND_IN_STATUS=0 STAND_IN_BUILD=0 STAND_IN_LOG="$scratch/log"
unset BOOTSTRAP_ALL_MISSING BOOTSTRAP_OS_RELEASE

bootstrap 1000 --help
expect "--help goes to stdout" '*--help*' 0
bootstrap 1000
expect "no command is wrong usage" '' 2
bootstrap 1000 chekc
expect "an unknown command is wrong usage" '' 2
bootstrap 1000 --prefix=relative build
expect "a relative prefix is wrong usage" '' 2
bootstrap 1000 check demo
expect "two commands are wrong usage" '' 2
bootstrap 1000 demo
expect "the demo needs root" '' 1

bootstrap 1000 deps
expect "nothing is missing: nothing to do" '' 0
export BOOTSTRAP_ALL_MISSING=1
for pair in "debian apt-get install -y*libblkid-dev" "fedora dnf install -y*libblkid-devel" \
	    "arch pacman -S *util-linux-libs"; do
	printf 'ID=other\nID_LIKE="%s"\n' "${pair%% *}" > "$scratch/os-release"
	export BOOTSTRAP_OS_RELEASE="$scratch/os-release"
	bootstrap 1000 deps
	expect "without root the command of ${pair%% *} is printed" "${pair#* }*" 1
	bootstrap 1000 --dry-run deps
	expect "a dry run prints it as well" "${pair#* }*" 0
	bootstrap 0 deps
	expect "root on ${pair%% *} installs" '' 0
done
echo ID=plan9 > "$scratch/os-release"
bootstrap 0 deps
expect "an unknown distribution is told the names" '' 1
grep -q libblkid-dev "$scratch/err" || { echo "the names are missing"; failed=1; }
unset BOOTSTRAP_ALL_MISSING BOOTSTRAP_OS_RELEASE

bootstrap 0 --dry-run --prefix=/opt/volctl check
expect "a dry run of check runs nothing" 'make *check VERBOSE=1' 0
[ ! -e "$scratch/tree/build/test-suite.log" ] || { echo "a dry run ran make"; failed=1; }
grep -q -e '--prefix=/opt/volctl' "$scratch/out" || { echo "the prefix is lost"; failed=1; }

printf '# TOTAL: 6\n# PASS:  3\n# SKIP:  2\n# XFAIL: 1\n# FAIL:  0\n# XPASS: 0\n# ERROR: 0\n' \
	> "$scratch/log"
bootstrap 1000 check
expect "automake's counters are summed" '4 passed, 0 failed, 2 skipped' 0
printf '# PASS:  3\n# SKIP:  0\n# XFAIL: 0\n# FAIL:  1\n# XPASS: 1\n# ERROR: 1\n' > "$scratch/log"
STAND_IN_STATUS=2
bootstrap 1000 check
expect "every kind of failure fails" '3 passed, 3 failed, 0 skipped' 1

printf '# PASS:  3\n# SKIP:  2\n# FAIL:  0\n' > "$scratch/log"
bootstrap 1000 check
expect "a failing make fails though no test did" '3 passed, 1 failed, 2 skipped' 1
STAND_IN_STATUS=0
printf ':test-result: SKIP no loop device\n' > "$scratch/tree/build/tests/host_handoff.sh.trs"
printf ':test-result: SKIP no spin\n' > "$scratch/tree/build/tests/model.sh.trs"
bootstrap 1000 check
expect "without root a skipped host test is skipped" '3 passed, 0 failed, 2 skipped' 0
bootstrap 0 check
expect "root's skipped host test is a failure" '3 passed, 1 failed, 1 skipped' 1
bootstrap 0 --allow-skips check
expect "skips can be allowed" '3 passed, 0 failed, 2 skipped' 0

rm "$scratch/log"
bootstrap 1000 check
expect "an old log is not counted" '0 passed, 1 failed, 0 skipped' 1
STAND_IN_BUILD=2
bootstrap 1000 check
expect "tests that can not be built fail" '0 passed, 1 failed, 0 skipped' 1

exit "$failed"
