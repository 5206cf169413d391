#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run - measure what is promised, each figure beside its goal.  See README beside this file.
#
# Usage: run.sh [--quick] [-o FILE] [commit|handoff|idle|logon|capacity]...
#
# Prints a table; FILE (bench.json) gets the same and more as JSON.  A goal that is
# missed says MISS and does not fail the run: how fast a machine is does not make it wrong.

set -u
here=$(dirname "$0")
# shellcheck source=tests/lab/lab.sh
. "$here/../lab/lab.sh"
bench=$LAB_BUILD/tests/bench

poll_ms=250
rounds=200		# of handoffs, for each file system
cli_rounds=25
idle_s=600
hosts_more=12
commit_s=3
commit_runs=3
logons=20
io_timeout_ms=4000
logon_io_timeout_ms=4000
capacity_s=20
output=bench.json
failed=0

quick()
{
	rounds=20
	cli_rounds=5
	idle_s=10
	hosts_more=6
	commit_s=1
	commit_runs=1
	logons=5
	logon_io_timeout_ms=1000
	capacity_s=5
}

say()
{
	echo "bench: $*" >&2
}

# A measurement that could not be made.
trouble()
{
	say "$*"
	failed=1
}

# figure AREA WHAT VALUE UNIT [<=|>= GOAL]: one line of the table.
figure()
{
	jq -nc --arg area "$1" --arg what "$2" --arg value "$3" --arg unit "$4" \
		--arg relation "${5:-}" --arg goal "${6:-}" '
		{ $area, $what, value: ($value | tonumber), $unit,
		  relation: (if $relation == "" then null else $relation end),
		  goal: (if $goal == "" then null else ($goal | tonumber) end) }
		| .verdict = (if .goal == null then null
			elif (.relation == "<=" and .value <= .goal) or
			     (.relation == ">=" and .value >= .goal) then "PASS"
			else "MISS" end)' >> "$figures"
}

# The arithmetic of awk: calc EXPRESSION
calc()
{
	awk "BEGIN { printf \"%.6g\", $1 }"
}

table()
{
	jq -r 'def pad($n): . + (" " * ($n - length));
		def short: if . >= 100 or . == floor then round else . * 1000 | round / 1000 end;
		[.area, .what, "\(.value | short) \(.unit)",
		 if .goal == null then "" else "\(.relation) \(.goal | short)" end, .verdict // ""]
		| "\(.[0] | pad(9))\(.[1] | pad(50))\(.[2] | pad(18))\(.[3] | pad(12))\(.[4])"' \
		"$figures"
}

# --- hosts -------------------------------------------------------------------------

# form VOLUME...: the tables of hosts a, b, ... as many as there are in $names.
form()
{
	local name
	printf '[cluster]\nname = bench\nio-timeout = %sms\n' "$io_timeout_ms"
	for name in $names; do
		printf '[host %s]\nanswer = auto\n' "$name"
	done
	for name; do
		printf '[volume %s]\nuuid = %s\nmount-point = /mnt/%s\nmin-hold = 0s\n' \
			"$name" "$(lab_uuid "$name")" "$name"
	done
}

# make_host NAME DISK...
make_host()
{
	lab_host "$@" || return 1
	lab_run "$1" sh -c 'cat > /etc/volctl/volctl.conf' <<-CONF
		[host]
		name = $1
		[tables]
		device = /run/disks/control
		poll-ms = $poll_ms
		[devices]
		allow = /run/disks/*
	CONF
}

# The file system of a host, seen from here.
root_of()
{
	echo "/proc/$(cat "$LAB/hosts/$1/holder")/root"
}

# volume_is HOST VOLUME KEY VALUE
# shellcheck disable=SC2317 # called by lab_until
volume_is()
{
	[ "$(lab_volctl "$1" --json status | jq -r --arg v "$2" --arg k "$3" \
		'.volumes[] | select(.name == $v) | .[$k]')" = "$4" ]
}

# --- handoff -----------------------------------------------------------------------

# handoff_figures FS TOTAL.json FLOOR.json WHAT
handoff_figures()
{
	local floor median p99
	floor=$(jq .total.median "$3") median=$(jq .total.median "$2") p99=$(jq .total.p99 "$2")
	figure handoff "$1: floor, median" "$(calc "$floor / 1000")" ms
	figure handoff "$1: total, median" "$(calc "$median / 1000")" ms
	figure handoff "$1: total, p99" "$(calc "$p99 / 1000")" ms
	figure handoff "$1: total - floor, median" "$(calc "($median - $floor) / 1000")" ms \
		'<=' "$(calc "1.2 * $poll_ms")"
	figure handoff "$1: total - floor's median, p99" "$(calc "($p99 - $floor) / 1000")" ms \
		'<=' "$(calc "2 * $poll_ms + 30")"
}

# handoff_floor FS: the system calls alone, on the same devices.
handoff_floor()
{
	lab_run a mkdir -p /mnt/floor.a /mnt/floor.b
	lab_run a "$bench/handoff_floor" "$1" "$(lab_loop a media)" /mnt/floor.a \
		"$(lab_loop b media)" /mnt/floor.b "$rounds" > "$LAB/floor" || return 1
	lab_run a umount /mnt/floor.a /mnt/floor.b
}

# swap ROUNDS OUTPUT [VOLCTL]
swap()
{
	local root_a root_b
	root_a=$(root_of a) root_b=$(root_of b)
	"$bench/bench_handoff" media "$1" "$root_a/run/volctl/control" "$root_a/mnt/media" \
		"$root_b/run/volctl/control" "$root_b/mnt/media" ${3:+"$3"} > "$2"
}

handoff_fs()
{
	local fs=$1 size=300M
	[ "$fs" != xfs ] || size=400M
	names="a b"
	lab_disk control 16M none && lab_disk media "$size" "$fs" &&
		make_host a control media && make_host b control media || return 1
	handoff_floor "$fs" || return 1
	form media > "$LAB/form"
	lab_volctl a format /run/disks/control --template "$LAB/form" --yes > "$LAB/said" &&
		lab_daemon a && lab_daemon b || return 1
	lab_until 20 volume_is a media view fresh && lab_until 20 volume_is b media view fresh &&
		swap "$rounds" "$LAB/swapped" && swap "$cli_rounds" "$LAB/swapped.cli" "$VOLCTL" ||
		return 1
	handoff_figures "$fs" "$LAB/swapped" "$LAB/floor"
	figure handoff "$fs: total with the command line, median" \
		"$(jq '.total.median / 1000' "$LAB/swapped.cli")" ms
	lab_daemon_stop a && lab_daemon_stop b
}

bench_handoff()
{
	local fs
	for fs in ext4 xfs btrfs; do
		say "handoff on $fs, $rounds times"
		lab_begin || exit 1
		handoff_fs "$fs" || trouble "handoff on $fs could not be measured"
		lab_end || failed=1
	done
}

# --- commit ------------------------------------------------------------------------

# commit_value CONTENDERS KEY
commit_value()
{
	jq --argjson n "$1" ".runs[] | select(.contenders == \$n) | $2" "$LAB/commit"
}

bench_commit()
{
	local n
	say "commits, alone and contended"
	lab_begin || exit 1
	lab_disk control 16M none && lab_host a control || exit 1
	# Its own verdict is among the figures.  Of some runs the middle one: the disk is not ours.
	for ((n = 0; n < commit_runs; n++)); do
		lab_run a "$bench/bench_commit" -s "$commit_s" /run/disks/control | tail -n 1
	done > "$LAB/said"
	if ! jq -es 'sort_by(.runs[-1].ratio) | .[length / 2 | floor]' "$LAB/said" > "$LAB/commit"; then
		trouble "commits could not be measured"
		lab_end
		return
	fi
	figure commit "alone: operations until decided, most" "$(commit_value 1 .operations_decided)" \
		"" '<=' 5
	figure commit "alone: operations in all, most" "$(commit_value 1 .operations_all)" "" '<=' 7
	for n in 1 2 8 32; do
		figure commit "$n at it: median" "$(commit_value $n '.median_us / 1000')" ms
		figure commit "$n at it: p99" "$(commit_value $n '.p99_us / 1000')" ms
		figure commit "$n at it: commits" "$(commit_value $n .per_second)" /s
		figure commit "$n at it: operations of each, mean" \
			"$(commit_value $n .operations_each)" ""
		[ "$n" != 1 ] || continue
		figure commit "$n at it: all have finished (1: yes)" \
			"$(commit_value $n 'if .finished then 1 else 0 end')" "" '>=' 1
		figure commit "$n at it: throughput, of one alone" "$(commit_value $n .ratio)" \
			"" '>=' 0.333
	done
	lab_end || failed=1
}

# --- idle --------------------------------------------------------------------------

# The run time of a process, in nanoseconds: that of its living threads, which is exact, or
# the kernel's sum of all that it ever had, in ticks, where threads that have ended did more.
run_ns()
{
	local living all
	# A worker may end meanwhile.
	living=$(cat "/proc/$1"/task/*/schedstat 2> /dev/null | awk '{ ns += $1 } END { printf "%.0f", ns }')
	all=$(awk -v tick="$(getconf CLK_TCK)" '{ sub(/.*\) /, "");
		printf "%.0f", ($12 + $13) * 1e9 / tick }' "/proc/$1/stat")
	echo "$living $all"
}

# sample HOST: run times, reads, sectors read, writes, sectors written
sample()
{
	local pid
	pid=$(cat "$LAB/hosts/$1/daemon")
	echo "$(run_ns "$pid") $(awk '{ print $1, $3, $5, $7 }' \
		"/sys/block/$(basename "$(lab_loop "$1" control)")/stat")"
}

rss_kib()
{
	awk '/^VmRSS:/ { print $2 }' "/proc/$(cat "$LAB/hosts/$1/daemon")/status"
}

pss_kib()
{
	awk '/^Pss:/ { print $2 }' "/proc/$(cat "$LAB/hosts/$1/daemon")/smaps_rollup"
}

writes_counted()
{
	awk '{ print $5 }' "/sys/block/$(basename "$1")/stat"
}

# As what the kernel's statistics count one durable write: more than one, where the device
# has a cache.
count_of_one_write()
{
	local device before
	lab_disk scratch 1M none && lab_attach "$1" scratch || return 1
	device=$(lab_loop "$1" scratch)
	before=$(writes_counted "$device")
	dd if=/dev/zero of="$device" bs=512 count=100 oflag=direct,dsync 2> "$LAB/dd" || return 1
	calc "($(writes_counted "$device") - $before) / 100"
	lab_detach "$1" scratch
}

# idle HOST SECONDS: what it does meanwhile in $cpu_percent $reads $writes $bytes, a second each
idle()
{
	local began ended before after
	began=$EPOCHREALTIME
	read -ra before <<< "$(sample "$1")"
	sleep "$2"
	ended=$EPOCHREALTIME
	read -ra after <<< "$(sample "$1")"
	local span="($ended - $began)"
	reads=$(calc "(${after[2]} - ${before[2]}) / $span")
	writes=$(calc "(${after[4]} - ${before[4]}) / $counted / $span")
	bytes=$(calc "(${after[3]} - ${before[3]} + ${after[5]} - ${before[5]}) * 512 / $span")
	# A tick of difference is none: threads that ended count when they show beyond it.
	cpu_percent=$(awk -v living="$((after[0] - before[0]))" -v all="$((after[1] - before[1]))" \
		-v tick="$(getconf CLK_TCK)" -v span="$(calc "$span")" 'BEGIN {
			ns = all > living + 2e9 / tick ? all : living
			printf "%.4f", ns / 1e7 / span }')
}

# idle_figures HOW-MANY
idle_figures()
{
	local beats_per_s polls_per_s
	beats_per_s=$(calc "4000 / $io_timeout_ms") polls_per_s=$(calc "1000 / $poll_ms")
	figure idle "$1: reads for each poll" \
		"$(calc "($reads - $beats_per_s) / $polls_per_s")" ""
	figure idle "$1: reads above one a poll, for each beat" \
		"$(calc "($reads - $polls_per_s) / $beats_per_s")" "" '<=' 2
	figure idle "$1: writes for each beat" "$(calc "$writes / $beats_per_s")" "" '<=' 1.02
	figure idle "$1: bytes read and written" "$bytes" /s
	figure idle "$1: processor, of one core" "$cpu_percent" % '<=' 0.1
	figure idle "$1: resident memory" "$(rss_kib a)" KiB '<=' 8192
	figure idle "$1: of it its own share (Pss)" "$(pss_kib a)" KiB
}

idle_start()
{
	local name
	lab_disk control 16M none && lab_disk media 300M ext4 && lab_disk takes 300M ext4 || return 1
	form media takes > "$LAB/form"
	for name in $names; do
		case $name in
		a | b | c) make_host "$name" control media takes || return 1 ;;
		*) make_host "$name" control || return 1 ;;
		esac
	done
	lab_volctl a format /run/disks/control --template "$LAB/form" --hosts 16 --yes \
		> "$LAB/said" || return 1
	for name in $names; do
		lab_daemon "$name" || return 1
	done
	for name in a b c; do
		lab_until 20 volume_is "$name" media view fresh &&
			lab_until 20 volume_is "$name" takes view fresh || return 1
	done
	sleep 2		# the last of the log on's doings
}

# idle_with SECONDS NAME...: hosts a, b, c have both volumes, others only the tables.
idle_with()
{
	local seconds=$1
	shift
	names=$*
	say "idle, $# hosts, $seconds s"
	lab_begin || exit 1
	if idle_start && counted=$(count_of_one_write a); then
		idle a "$seconds"
		idle_figures "$# hosts"
	else
		trouble "idle hosts could not be measured"
	fi
	for name in $names; do
		lab_daemon_stop "$name"
	done
	lab_end || failed=1
}

bench_idle()
{
	local few_reads few_cpu few_bytes
	idle_with "$idle_s" a b c
	few_reads=$reads few_cpu=$cpu_percent few_bytes=$bytes
	# shellcheck disable=SC2046 # names
	idle_with "$(calc "int($idle_s / 5) + 5")" $(printf '%s\n' a b c d e f g h i j k l m n o p |
		head -n "$hosts_more")
	figure idle "reads with $hosts_more hosts, of those with 3" \
		"$(calc "$reads / $few_reads")" "" '<=' 1.1
	figure idle "bytes with $hosts_more hosts, of those with 3" \
		"$(calc "$bytes / $few_bytes")" "" '<=' 1.1
	figure idle "processor with $hosts_more hosts, of that with 3" \
		"$(calc "$cpu_percent / $few_cpu")" "" '<=' 1.5
}

# --- log on ------------------------------------------------------------------------

# start HOST: the daemon, and how long until it says ready in $took_ms
start()
{
	local holder fifo=$LAB/ready line="" began ended
	holder=$(cat "$LAB/hosts/$1/holder")
	rm -f "$fifo"
	mkfifo "$fifo"
	began=$EPOCHREALTIME
	setsid nsenter -m -u -t "$holder" -- "$VOLCTLD" --foreground \
		--config /etc/volctl/volctl.conf --socket /run/volctl/control \
		--run-dir /run/volctl --state-dir /var/lib/volctl \
		< /dev/null > "$fifo" 2>> "$LAB/log/$1" &
	echo $! > "$LAB/hosts/$1/daemon"
	disown $!
	read -r -t 60 line < "$fifo"
	ended=$EPOCHREALTIME
	took_ms=$(calc "($ended - $began) * 1000")
	[ "$line" = ready ] || trouble "host $1 did not log on"
}

# logons_after SIGNAL: the middle one of several, in $took_ms
logons_after()
{
	local i
	: > "$LAB/took"
	for ((i = 0; i < logons; i++)); do
		# At rest: the log on's own commit ends a moment after `ready`.
		sleep 0.5
		lab_daemon_stop a "$1"
		start a
		echo "$took_ms" >> "$LAB/took"
	done
	took_ms=$(sort -n "$LAB/took" | sed -n "$(((logons + 1) / 2))p")
	most_ms=$(sort -n "$LAB/took" | tail -n 1)
}

bench_logon()
{
	local io_timeout_ms=$logon_io_timeout_ms
	say "log on"
	names="a b c"
	lab_begin || exit 1
	if ! idle_start; then
		trouble "log on could not be measured"
		lab_end
		return
	fi
	logons_after TERM
	figure logon "after a log off: median" "$took_ms" ms '<=' 100
	figure logon "after a log off: longest" "$most_ms" ms
	logons_after KILL
	figure logon "killed at rest, same boot: median" "$took_ms" ms '<=' 100
	figure logon "killed at rest, same boot: longest" "$most_ms" ms
	lab_reboot a
	start a
	figure logon "after an unclean end of the machine" "$took_ms" ms \
		'<=' "$(calc "3.5 * $io_timeout_ms + 1000")"
	for name in $names; do
		lab_daemon_stop "$name"
	done
	lab_end || failed=1
}

# --- capacity ----------------------------------------------------------------------

capacity_form()
{
	local i
	names=$(seq -f 'h%.0f' 256)
	form
	for ((i = 0; i < 1024; i++)); do
		printf '[volume v%d]\nuuid = 00000000-0000-0000-0000-%012d\nmount-point = /mnt/v%d\n' \
			"$i" "$i" "$i"
		printf "[access v$i h%d]\nwrite = never\n" {2..17}
	done
}

bench_capacity()
{
	local bound began
	say "256 hosts x 1024 volumes"
	lab_begin || exit 1
	lab_disk control 2G none && make_host h1 control || exit 1
	capacity_form > "$LAB/form"
	if lab_volctl h1 format /run/disks/control --template "$LAB/form" --hosts 256 \
		--volumes 1024 --yes > "$LAB/said" && start h1; then
		bound=$(awk '/^images/ { print int(8192 + 3 * $NF / 1024) }' "$LAB/said")
		figure capacity "log on" "$took_ms" ms
		sleep 2
		counted=$(count_of_one_write h1)
		idle h1 "$capacity_s"
		figure capacity "resident memory" "$(rss_kib h1)" KiB '<=' "$bound"
		figure capacity "processor, of one core" "$cpu_percent" % '<=' 0.1
		figure capacity "reads" "$reads" /s
		figure capacity "writes" "$writes" /s
		figure capacity "bytes read and written" "$bytes" /s
		began=$EPOCHREALTIME
		lab_volctl h1 --json status > "$LAB/said" || trouble "no status"
		figure capacity "volctl status" "$(calc "($EPOCHREALTIME - $began) * 1000")" ms
		figure capacity "resident memory, after a status" "$(rss_kib h1)" KiB \
			'<=' "$bound"
	else
		trouble "capacity could not be measured"
	fi
	lab_daemon_stop h1
	lab_end || failed=1
}

# --- all ---------------------------------------------------------------------------

areas=
while [ $# -gt 0 ]; do
	case $1 in
	--quick) quick ;;
	-o)
		output=$2
		shift
		;;
	commit | handoff | idle | logon | capacity) areas+=" $1" ;;
	*)
		echo "usage: run.sh [--quick] [-o FILE] [commit|handoff|idle|logon|capacity]..." >&2
		exit 2
		;;
	esac
	shift
done

lab_skip
# No trap removes it: the lab has its own.
figures=$output.lines
: > "$figures"
for area in ${areas:-commit handoff logon idle capacity}; do
	case $area in
	commit) bench_commit ;;
	handoff) bench_handoff ;;
	logon) bench_logon ;;
	idle) bench_idle ;;
	capacity) bench_capacity ;;
	esac
done
table
jq -s --arg kernel "$(uname -r)" --arg cores "$(nproc)" --arg poll_ms "$poll_ms" \
	--arg io_timeout_ms "$io_timeout_ms" --arg rounds "$rounds" \
	'{format: 1, machine: {$kernel, cores: ($cores | tonumber)},
	  poll_ms: ($poll_ms | tonumber), io_timeout_ms: ($io_timeout_ms | tonumber),
	  handoff_rounds: ($rounds | tonumber), figures: .}' "$figures" > "$output" || failed=1
rm -f "$figures"
echo "$(grep -c PASS "$output") goals reached, $(grep -c MISS "$output") missed; written to $output"
exit "$failed"
