#!/bin/sh
# Leaving a run that is watched without a workbench: Ctrl-C, a hang-up, kill, and an output that is stuck. The run goes on,
# its watcher says where it stands and how to come back, and a shell can tell that somebody interrupted it.
# A suite that was itself started with signals ignored (nohup) would hand that on, and avo would honour it.
[ -n "$AVO_LEAVE_SIGNALS" ] || AVO_LEAVE_SIGNALS=default exec env --default-signal=HUP,INT,QUIT,TERM sh "$0" "$@"
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
avo=$AVO_TOP_BUILDDIR/avo
vtdrive=$AVO_TOP_BUILDDIR/tests/lib/vtdrive
trap '"$avo" stop "a run" >/dev/null 2>&1; cd /; rm -rf "$work"' EXIT

"$avo" init "a run" >/dev/null
git config -f "a run/avo.conf" score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --ms 250"

running() {
	is "$("$avo" status "a run" --json | jq -r '"\(.engine) \(.state)"')" "true running" "$1: the run goes on"
}

# says_where FILE NAME
says_where() {
	like "$(cat "$1")" "left; the run goes on. Watch it: avo attach 'a run'; end it: avo stop 'a run'" "$2: it says so, and how to come back"
	like "$(cat "$1")" '^a run: running; [0-9]+ versions?, [0-9]+ attempts?, .* active' "$2: and where the run stands"
}

"$avo" run "a run" --headless >out 2>err &
viewer=$!
wait_for 30 sh -c "grep -q attempt-scored out"
ok $? "a run is watched"
kill -INT "$viewer"	# a shell's background job ignores it
sleep 0.5
ok "$(kill -0 "$viewer"; echo $?)" "SIGINT that was ignored at the start stays ignored"
kill -HUP "$viewer"
wait "$viewer"
is "$?" 129 "SIGHUP ends the watcher, as SIGHUP does"
says_where err SIGHUP
running SIGHUP
rm out	# else it could be looked at before nohup has emptied it, and before it ignores anything
nohup "$avo" attach "a run" >out 2>err </dev/null &
viewer=$!
wait_for 10 sh -c "grep -qs attempt out"
kill -HUP "$viewer"
sleep 0.5
ok "$(kill -0 "$viewer"; echo $?)" "under nohup it stays"
kill -TERM "$viewer"
wait "$viewer"
is "$?" 143 "SIGTERM ends it"
says_where err SIGTERM
running SIGTERM
like "$(cat err)" '^best v[0-9]+ [0-9.]+ GFLOPS' "the best version is named"

# nothing is left out for a reader that was stuck, not even what the engine did not wait to tell him
mkfifo pipe
(while [ ! -e go ]; do sleep 0.1; done; exec cat) <pipe >seen &
reader=$!
"$avo" attach "a run" --json >pipe 2>err &
viewer=$!
long=$(head -c 60000 /dev/zero | tr '\0' x)
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
	[ $((i % 2)) = 0 ] && gate=auto || gate=manual
	echo "{\"cmd\":\"gate\",\"gate\":\"$gate\",\"by\":\"$i $long\"}"
done >commands
"$AVO_TOP_BUILDDIR/tests/lib/tell" "a run" commands >/dev/null
ok $? "events of 1.8 MB come meanwhile"
running "a reader that is stuck"
before=$("$avo" status "a run" --json | jq .attempts)
sleep 1
after=$("$avo" status "a run" --json | jq .attempts)
ok $((after <= before)) "and is not held up ($before, then $after attempts)"
touch go
wait_for 20 sh -c "grep -q '\"30 xxx' seen"
ok $? "when it reads again, it gets what came meanwhile" || ls -l seen
last=$("$avo" events "a run" --json | tail -1 | jq .seq)
wait_for 10 sh -c "[ \"\$(tail -1 seen | jq .seq)\" -ge $last ]"
kill -TERM "$viewer"
wait "$viewer" "$reader"
is "$(jq .seq seen | awk 'NR > 1 && $1 != last + 1 { print "after " last ": " $1 } { last = $1 }')" "" "every event, once, in order"

if [ -x "$vtdrive" ]; then
	# on NAME SCRIPT COMMAND: the terminal's Ctrl-C and hang-up reach the foreground process group
	on() {
		printf '%s\n' "$2" >script
		TERM=xterm-256color ASAN_OPTIONS=detect_leaks=0 timeout 60 "$vtdrive" 100 40 script -- bash -c "$3" >out 2>&1
		while IFS= read -r line; do
			case $line in
			"ok "*) pass "$1: ${line#ok * - }" ;;
			"not ok "*) fail "$1: ${line#not ok * - }" ;;
			*) echo "# ${line#\# }" ;;
			esac
		done <out
	}
	on Ctrl-C 'wait 10000 attempt-scored
key \x03
wait 5000 left; the run goes on
wait 1000 avo stop
wait 1000 a run: running
exit -2 5000
absent and again' "for i in 1 2 3; do \"$avo\" run 'a run' --headless; echo and again; done"
	running Ctrl-C
	on hang-up 'wait 10000 attempt-scored
hangup
exit -1 5000' "exec \"$avo\" run 'a run' --headless"
	running hang-up
	"$avo" stop "a run" >/dev/null
	wait_for 10 sh -c "[ \"\$('$avo' status 'a run' --json | jq .engine)\" = false ]"
	on "a step" 'wait 10000 attempt-started
key \x03
wait 5000 left; the engine was started for this and is stopped
exit -2 15000' "\"$avo\" step 'a run' -n 50; echo no"
	is "$("$avo" status "a run" --json | jq .engine)" false "a step that is interrupted leaves no engine behind"
else
	skip "Ctrl-C and hang-up on a terminal" "libvterm is not installed"
fi
done_testing
