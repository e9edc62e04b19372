#!/bin/sh
# The workbench on a real terminal emulator: attributes, bytes on the line, key to
# screen, sizes, signals, hang-up, and the terminal as it was on every way out.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
wb=$AVO_TOP_BUILDDIR/tests/lib/wb
vtdrive=$AVO_TOP_BUILDDIR/tests/lib/vtdrive
mkrun=$AVO_TOP_BUILDDIR/tests/lib/mkrun
[ -x "$vtdrive" ] || skip_all "libvterm is not installed"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
"$mkrun" "$tmp/full" >/dev/null && "$mkrun" "$tmp/profiled" --profiles >/dev/null || skip_all "the fixture run cannot be built"
unset NO_COLOR AVO_SCRIPT
export TERM=xterm-256color AVO_RC= HOME="$tmp" TZ=UTC LC_ALL=C.UTF-8
frozen=AVO_TEST_NOW=2026-03-01T10:00:00Z

# drive NAME SIZE [ENVIRONMENT...] -- PROGRAM...: the script is on standard input; its TAP lines become ours.
drive() {
	name=$1 size=$2
	shift 2
	cat >"$tmp/script"
	assignments=
	while [ "$1" != -- ]; do
		assignments="$assignments $1"
		shift
	done
	shift
	(cd "$tmp" && env $assignments timeout 120 "$vtdrive" "${size%x*}" "${size#*x}" "$tmp/script" -- "$@") >"$tmp/out" 2>&1
	while IFS= read -r line; do
		case $line in
		"ok "*) pass "$name: ${line#ok * - }" ;;
		"not ok "*) fail "$name: ${line#not ok * - }" ;;
		*) echo "# ${line#\# }" ;;
		esac
	done <"$tmp/out"
}

drive looks 120x40 $frozen -- "$wb" full <<'END'
wait 8000 NEEDS YOU
quiet 200
look NEEDS bold bg fg
look AWAITING bold bg
look +3.40% fg
key d
wait 4000 diff v4..v5
quiet 200
look +2.14% bg
key Q
exit 0 10000
restored after Q
END

# a profile that comes while the review is looked at shows there by itself
cp -R "$tmp/profiled" "$tmp/later"
journal=$tmp/later/.avo/journal/000001.jsonl
tail -1 "$tmp/profiled/.avo/journal/000001.jsonl" >"$tmp/last"
head -n -1 "$tmp/profiled/.avo/journal/000001.jsonl" >"$journal"
(sleep 4; cat "$tmp/last" >>"$journal") &
drive counters 120x40 $frozen -- "$wb" later <<'END'
wait 8000 NEEDS YOU
key 9
wait 2000 a25 was not profiled
wait 9000 stall: long scoreboard
absent a25 was not profiled
look stall: plain
quiet 200
key \e7
wait 2000 biggest movers
quiet 200
look biggest bold
key Q
exit 0 10000
END
wait

drive no-color 120x40 $frozen NO_COLOR=1 -- "$wb" full <<'END'
wait 8000 NEEDS YOU
quiet 200
look NEEDS reverse bold plain
look +3.40% bold plain
key Q
exit 0 10000
END

drive c-locale 80x24 $frozen LC_ALL=C -- "$wb" full <<'END'
wait 8000 NEEDS YOU
wait 100 ` 4 attempts
absent ●
key Q
exit 0 10000
END

drive keys 80x24 $frozen -- "$wb" full <<'END'
wait 8000 NEEDS YOU
quiet 200
key j
latency 250 a key reaches the screen
quiet 100
key \e[B
quiet 100
key \eOB
quiet 100
key 4
wait 6000 outcome
key \e
quiet 100
wait 6000 lineage
key /incorrect\r
quiet 100
key \e
quiet 100
key :goto v2\r
quiet 100
key d
wait 6000 diff v1..v2
key q
wait 6000 95% ci
key \x03
wait 6000 Q leaves the workbench
key Q
exit 0 10000
restored after Q
END

drive size 120x40 $frozen -- "$wb" full <<'END'
wait 8000 NEEDS YOU
quiet 200
size 40 10
wait 6000 o fold  ? help
absent openblas
size 160 50
quiet 300
wait 6000 24.8
wait 100 waits for approval
size 1 1
quiet 300
size 20 5
quiet 300
wait 6000 NEEDS YOU
key Q
exit 0 10000
END

drive idle 120x40 -- "$wb" full <<'END'
wait 8000 NEEDS YOU
quiet 500
bytes 5000 500 idle
cpu 3000 150 idle
key Q
exit 0 10000
END

drive refresh 120x40 -- "$wb" --replay=2 full <<'END'
wait 15000 RUNNING
quiet 300
quiet 600
bytes 5000 5000 at one frame a second
wait 2500 active 00:1
key Q
exit 0 10000
END

drive suspend 80x24 $frozen -- "$wb" full <<'END'
wait 8000 NEEDS YOU
quiet 200
key \x1a
stopped 8000
restored while suspended
signal CONT
quiet 300
wait 4000 NEEDS YOU
key Q
exit 0 10000
restored after Q
END

for sig in TERM INT; do
	drive "signal $sig" 80x24 $frozen -- "$wb" full <<END
wait 8000 NEEDS YOU
quiet 200
signal $sig
exit 0 10000
restored after SIG$sig
END
done

drive crash 80x24 $frozen ASAN_OPTIONS=handle_segv=0:detect_leaks=0 -- "$wb" full <<'END'
wait 8000 NEEDS YOU
quiet 200
signal SEGV
exit -11 10000
restored after a crash
END

drive hang-up 80x24 $frozen ASAN_OPTIONS=detect_leaks=0 -- "$wb" full <<'END'
wait 8000 NEEDS YOU
quiet 200
hangup
exit 3 10000
END

# with SIGHUP ignored only the terminal itself tells
drive hang-up-ignored 80x24 $frozen ASAN_OPTIONS=detect_leaks=0 -- sh -c "trap '' HUP; exec \"$wb\" full" <<'END'
wait 8000 NEEDS YOU
quiet 200
hangup
exit 3 10000
END

drive held-up 80x24 $frozen -- "$wb" full <<'END'
wait 8000 NEEDS YOU
quiet 200
signal STOP
stopped 8000
signal CONT
quiet 300
key 4
wait 4000 outcome
key Q
exit 0 10000
restored after Q
END

drive editor 80x24 $frozen "EDITOR=true" -- "$wb" full <<'END'
wait 8000 NEEDS YOU
quiet 200
key e
wait 4000 is as it was
key Q
exit 0 10000
restored after Q
END

out=$("$wb" "$tmp/full" 2>&1 </dev/null)
is "$?" 3 "without a terminal: exit status 3"
like "$out" "needs a terminal" "without a terminal: says so, and what to use instead"
# curses itself leaks a screen when it refuses a terminal
drive unknown-terminal 80x24 TERM=no-such-terminal ASAN_OPTIONS=detect_leaks=0 -- "$wb" full <<'END'
exit 3 10000
wait 100 TERM=no-such-terminal
restored with an unknown terminal
END
done_testing
