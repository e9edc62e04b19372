#!/bin/sh
# Injects faults into a run at work and looks whether the record holds: kills at random moments and at chosen system
# calls, failing calls, stopped processes, a full disk, git at work beside it. AVO_FAULTS_SECONDS (60) says for how
# long, AVO_FAULTS_SEED where chance begins, AVO_FAULTS names schedules instead of all.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo
here=$AVO_TOP_SRCDIR/tests/faults
seconds=${AVO_FAULTS_SECONDS:-60}
random=${AVO_FAULTS_SEED:-$(date +%N | sed 's/^0*//')}
work=$(mktemp -d) || exit 1
cd "$work" || exit 1
trap 'finish' EXIT
export HOME="$work" GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=user GIT_AUTHOR_EMAIL=user@host GIT_COMMITTER_NAME=user GIT_COMMITTER_EMAIL=user@host
# the shim comes before the sanitizer's own library
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0:detect_leaks=0"
arm="$AVO_TOP_BUILDDIR/tests/faults/arm $work/fault"
injected=0
survived=0
lost=0
echo "# seed $random"

# rand N: sets $r to a number below N
rand() {
	random=$(((random * 1103515245 + 12345) % 2147483648))
	r=$((random / 65536 % $1))
}

pick() {
	rand $#
	eval "picked=\${$((r + 1))}"
}

pause_a_while() { rand "${1:-50}"; sleep "0.$(printf %02d "$r")"; }

# engine: the pid of the living engine, in $engine; fails when there is none
engine() {
	engine=$(cut -d' ' -f1 "$run/.avo/engine.lock" 2>/dev/null)
	[ -n "$engine" ] && ! flock -n "$run/.avo/engine.lock" true 2>/dev/null
}

worker() { worker=$(ps -o pid=,comm= --ppid "$engine" | awk '/fake_worker/ { print $1; exit }'); [ -n "$worker" ]; }

# life: starts an engine; what its viewer is told is what was acknowledged
life() {
	LD_PRELOAD=$AVO_TOP_BUILDDIR/tests/faults/shim.so AVO_FAULT=$work/fault "$avo" run "$run" --headless --json >>"$told" 2>>"$told.err" </dev/null &
	wait_for 20 engine
}

attempts() { git -C "$run" for-each-ref refs/avo/attempts | wc -l; }
more_attempts() { engine && [ "$(attempts)" -gt "$1" ]; }

# What was told lies outside the run: a disk that is full would cut it off in the middle of a line.
new_run() {
	run=$work/$1
	told=$work/told
	rm -f "$told" "$told.err"
	"$avo" init "$run" >/dev/null || return 1
	git config -f "$run/avo.conf" score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --ms 3 --versions 0.4"
	git config -f "$run/avo.conf" score.peers false
	git config -f "$run/avo.conf" supervisor.enabled false
	life && wait_for 20 more_attempts 2
}

stop_run() {
	if engine; then
		kill -CONT "$engine" 2>/dev/null
		timeout 30 "$avo" stop --now "$run" >/dev/null 2>&1 || kill -9 "$engine" 2>/dev/null
	fi
	wait
}

finish() {
	[ -z "${run:-}" ] || stop_run
	if mountpoint -q "$work/disk" 2>/dev/null; then umount -l "$work/disk"; fi
	cd / && rm -rf "$work"
}

# judge WHAT: the fault is over. The record must hold, and the run go on, with a new engine where the old one died.
judge() {
	injected=$((injected + 1))
	if engine; then kill -STOP "$engine"; else wait; fi
	wrong=$(sh "$here/check.sh" "$run" "$told") || report "$1: $wrong"
	case $wrong in *LOST*) lost=$((lost + 1)) ;; esac
	if engine; then kill -CONT "$engine"; else life || report "$1: no engine comes up: $(tail -1 "$told.err")"; fi
	before=$(attempts)
	if ! wait_for 40 more_attempts "$before"; then
		report "$1: the run does not go on: $("$avo" status "$run" 2>&1 | head -4 | tr '\n' ' ')"
		stop_run
		life
	elif [ -z "$wrong" ]; then
		survived=$((survived + 1))
	fi
}

report() { echo "# $*"; failures="${failures:-}x"; }

# --- schedules: each injects one fault ------------------------------------------------------------------------

kill_at_random() {
	pause_a_while
	engine && worker
	pick "$engine" "$engine" "$worker" "$engine $worker"
	# shellcheck disable=SC2086
	kill -9 $picked 2>/dev/null
	case $picked in *"$engine"*) wait_for 10 eval '! engine' ;; esac
	judge "kill -9 at random"
}

kill_at_call() {
	pick rename link unlink fsync fdatasync write
	call=$picked
	pick before after
	rand 24
	engine && $arm "$engine" "$call" "$picked" "$r"
	wait_for 4 eval '! engine'
	$arm >/dev/null
	judge "killed $picked call $r of $call"
}

failing_calls() {
	pick open write rename fsync mkdir link
	call=$picked
	pick ENOSPC EIO ESTALE EMFILE EDQUOT
	rand 60
	skip=$r
	rand 6
	engine && $arm "$engine" "$call" "$picked" "$skip" $((r + 1))
	pause_a_while 99
	sleep 0.5
	hits=$($arm)
	judge "$picked from $((r + 1)) calls of $call ($hits were made)"
}

stopped() {
	engine && worker
	pick "$engine" "$worker" "$engine $worker"
	# shellcheck disable=SC2086
	kill -STOP $picked
	sleep 1
	# shellcheck disable=SC2086
	kill -CONT $picked 2>/dev/null
	judge "SIGSTOP for a second"
}

git_beside() {
	pick "pack-refs --all" "gc --quiet" "repack -q" "prune --expire=now" "branch -f mine v0" "tag -f mine v0" "update-index --refresh" \
		"reflog expire --expire=now --all" "worktree prune" "fetch -q . lineage:copy" "prune-packed"
	# shellcheck disable=SC2086
	git -C "$run" $picked >/dev/null 2>&1
	judge "git $picked beside it"
}

# fill: the disk of the run is full for a second or two
fill() {
	head -c 64m /dev/zero >"$work/disk/filler" 2>/dev/null
	pause_a_while 99
	sleep 1
}

disk_full() {
	fill
	rm -f "$work/disk/filler"
	judge "the disk was full"
}

killed_on_full_disk() {
	fill
	if engine; then kill -9 "$engine"; wait_for 10 eval '! engine'; fi
	rm -f "$work/disk/filler"
	judge "killed while the disk was full"
}

# place SCHEDULE: where its run lies, in $place; fails when that cannot be had
place() {
	place=$1
	case $1 in *full*) ;; *) return 0 ;; esac
	mkdir -p "$work/disk" && mount -t tmpfs -o size=24m none "$work/disk" 2>/dev/null || return 1
	place=disk/$1
}

# --- the time is shared between them ----------------------------------------------------------------------------

schedules=${AVO_FAULTS:-kill_at_random kill_at_call failing_calls stopped git_beside disk_full killed_on_full_disk}
# shellcheck disable=SC2086
set -- $schedules
share=$((seconds / $#))
for schedule; do
	total=$injected
	bad=${failures:-}
	place "$schedule" || { skip "$schedule" "cannot mount a small file system"; continue; }
	new_run "$place" || { fail "$schedule: a run to begin with"; continue; }
	until=$(($(date +%s) + share))
	while [ "$(date +%s)" -lt "$until" ]; do
		$schedule || { report "$schedule: no such schedule"; break; }
	done
	stop_run
	is "${failures:-}" "$bad" "$schedule: $((injected - total)) faults, none lost an event, the run went on"
	rm -rf "${work:?}/$place"
	if mountpoint -q "$work/disk" 2>/dev/null; then umount -l "$work/disk"; fi
done
echo "# injected $injected / survived $survived / lost $lost"
is "$lost" 0 "no acknowledged event is lost"
done_testing
