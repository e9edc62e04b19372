#!/bin/sh
# Where time, bytes and memory go. Run by `make bench` in a build without
# sanitizers; prints numbers, asserts nothing. RUNS=N repeats each (default 5).
set -eu
avo=$AVO_TOP_BUILDDIR/avo
tests=$AVO_TOP_BUILDDIR/tests/lib
runs=${RUNS:-5}
work=$(mktemp -d)
trap '"$avo" stop "$work/r" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
cd "$work"
LC_ALL=C.UTF-8 TERM=xterm-256color
export LC_ALL TERM

# summary NAME UNIT < numbers, one a line: minimum, median, maximum
summary() {
	sort -n | awk -v name="$1" -v unit="$2" '{ v[NR] = $1 }
		END { printf "%-52s %10.2f %10.2f %10.2f  %s\n", name, v[1], v[int((NR + 1) / 2)], v[NR], unit }'
}

now_ms() { date +%s%N | sed 's/......$//'; }

echo "$(uname -m), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg), $runs runs; minimum, median, maximum"

# --- the engine: attempts that cost the worker nothing --------------------------
for i in $(seq "$runs"); do
	rm -rf r
	"$avo" init r --suite cpu-quick >/dev/null
	git config -f r/avo.conf score.worker "$tests/fake_worker --ms 0"
	start=$(now_ms)
	"$avo" run r --headless --attempts 50 >/dev/null </dev/null
	end=$(now_ms)
	done=$("$avo" status r --json | sed 's/.*"attempts":\([0-9]*\).*/\1/')
	echo "$start $end $done"
done | awk '{ print ($2 - $1) / $3 }' | summary "engine overhead per attempt, fsync included" ms

# --- a journal of 100,000 events -------------------------------------------------
"$tests/mkrun" big --large 100000 >/dev/null
for i in $(seq "$runs"); do
	start=$(now_ms)
	"$avo" log big >/dev/null
	echo "$start $(now_ms)"
done | awk '{ print $2 - $1 }' | summary "avo log, journal of 100,000 events" ms

"$avo" init r2 --suite cpu-quick --gate manual >/dev/null

paint() { # paint RUN: milliseconds until the footer stands on the screen
	cat >script <<'S'
wait 20000 help
S
	start=$(now_ms)
	"$tests/vtdrive" 120 40 script -- "$avo" attach "$1" >/dev/null
	echo "$start $(now_ms)"
}
for i in $(seq "$runs"); do paint r2; done | awk '{ print $2 - $1 }' | summary "first paint, new run" ms
for i in $(seq "$runs"); do paint big; done | awk '{ print $2 - $1 }' | summary "first paint, journal of 100,000 events" ms

# --- bytes on the wire -------------------------------------------------------------
bytes_over() { # bytes_over RUN: bytes in ten seconds, after it settled
	cat >script <<'S'
wait 20000 help
bytes 3000 100000000 settled
bytes 10000 100000000 counted
S
	"$tests/vtdrive" 120 40 script -- "$avo" attach "$1" | sed -n 's/.*counted[^0-9]*\([0-9][0-9]*\).*/\1/p'
}
bytes_over r2 | awk '{ print $1 / 10 }' | summary "bytes a second, no engine, 120x40" B/s
git config -f r/avo.conf score.worker "$tests/fake_worker --ms 900"
"$avo" run r --headless >/dev/null 2>&1 </dev/null &
sleep 3
bytes_over r | awk '{ print $1 / 10 }' | summary "bytes a second, about one attempt a second, 120x40" B/s
ps -o rss= -p "$("$avo" status r --json | sed 's/.*"pid":\([0-9]*\).*/\1/')" | awk '{ print $1 / 1024 }' | summary "resident memory, engine" MiB
"$avo" stop r >/dev/null

# --- memory --------------------------------------------------------------------------
rss_of() { # rss_of RUN: of a workbench that has settled
	cat >script <<'S'
wait 20000 help
bytes 5000 100000000 settled
S
	"$tests/vtdrive" 120 40 script -- "$avo" attach "$1" >/dev/null &
	sleep 4
	ps -eo rss=,args= | awk -v end="avo attach $1" 'substr($0, length($0) - length(end) + 1) == end && !/vtdrive/ { print $1 / 1024 }'
	wait
}
rss_of r2 | summary "resident memory, workbench, new run" MiB
rss_of big | summary "resident memory, workbench, 100,000 events" MiB
