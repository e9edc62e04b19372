#!/bin/sh
# A run whose directory is deleted, moved or made anew while its engine works and somebody watches.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
avo=$AVO_TOP_BUILDDIR/avo
vtdrive=$AVO_TOP_BUILDDIR/tests/lib/vtdrive
engines=
trap 'for p in $engines; do kill -9 "$p" 2>/dev/null; done; cd /; rm -rf "$work"' EXIT

new_run() { # new_run DIR
	"$avo" init "$1" >/dev/null && git config -f "$1/avo.conf" score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --ms 200"
}

# begin DIR: its engine's pid in $engine, its worker's in $worker
begin() {
	wait_for 30 sh -c "[ \"\$('$avo' status '$1' --json | jq '.attempts > 2 and .pid > 0')\" = true ]"
	engine=$("$avo" status "$1" --json | jq -r .pid)
	engines="$engines $engine"
	worker=$(cat "/proc/$engine/task/$engine/children")
}

ended() { # ended PID...: none of them is there any more, not even as somebody's zombie
	for pid in "$@"; do
		case $(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null) in ''|Z) ;; *) return 1 ;; esac
	done
}

# what the engine makes at that very moment may be in the way: a second try is what anybody would do
delete() { rm -rf "$1" 2>/dev/null || rm -rf "$1"; }

new_run r
"$avo" run r --headless >run.out 2>run.err &
viewer=$!
begin r
ok "$([ -n "$worker" ]; echo $?)" "the engine has a worker"
delete r
wait_for 5 ended "$engine"
ok $? "the directory is deleted: the engine ends within five seconds"
wait_for 5 ended $worker
ok $? "and takes its worker along"
wait "$viewer"
is "$?" 3 "whoever watched it is told by the exit status"
like "$(tail -3 run.out)" 'engine-stopped .*deleted or moved away' "the engine's last word says why"
like "$(cat run.err)" 'r is gone: it was deleted or moved away' "and so does the watcher"
ok "$([ ! -e r ]; echo $?)" "nothing of the directory has come back" || find r

# deleted and made anew at once: two engines on one path for a moment
new_run r
"$avo" run r --headless >run.out 2>&1 &
begin r
old=$engine
delete r
new_run r
"$avo" run r --headless >again.out 2>&1 &
again=$!
begin r
ok "$([ "$engine" != "$old" ]; echo $?)" "a new run of the same name gets an engine of its own"
wait_for 5 ended "$old"
ok $? "the old engine ends"
"$avo" pause r >out 2>&1
is "$?" 0 "and leaves the new one's socket alone" || cat out
"$avo" stop r >/dev/null
wait "$again"

new_run m
"$avo" run m --headless >run.out 2>&1 &
begin m
mv m n
wait_for 5 ended "$engine"
ok $? "the directory is moved: the engine ends"
like "$("$avo" events n --type engine-stopped)" 'deleted or moved away' "its record says why"
"$avo" run n --headless --attempts 2 >out 2>&1
is "$?" 0 "the run goes on under its new name" || cat out

# watched on a screen
if [ -x "$vtdrive" ]; then
	new_run w
	cat >script <<'END'
wait 30000 RUNNING
shell rm -rf w || rm -rf w
wait 6000 RUN GONE
wait 100 was deleted or moved away
wait 1000 Quit? y quits
key n
quiet 300
absent Quit? y
key c
wait 2000 the run is gone
key Q
exit 3 10000
restored when the run is gone
wait 100 deleted or moved away
END
	"$avo" run w --headless >run.out 2>&1 &
	begin w
	TERM=xterm-256color AVO_RC= ASAN_OPTIONS=detect_leaks=0 timeout 60 "$vtdrive" 120 40 script -- "$avo" attach w >out 2>&1
	while IFS= read -r line; do
		case $line in
		"ok "*) pass "watching: ${line#ok * - }" ;;
		"not ok "*) fail "watching: ${line#not ok * - }" ;;
		*) echo "# ${line#\# }" ;;
		esac
	done <out
	wait_for 5 ended "$engine"
	ok $? "that engine has ended too"
else
	skip "the workbench on a run that goes away" "libvterm is not installed"
fi
done_testing
