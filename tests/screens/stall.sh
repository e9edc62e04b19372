#!/bin/sh
# A terminal that takes nothing for seconds, on a run that makes dozens of events a second: the run is not held up, the
# workbench neither grows nor spins, shows what is when it is read again, and can be ended meanwhile.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo
vtdrive=$AVO_TOP_BUILDDIR/tests/lib/vtdrive
[ -x "$vtdrive" ] || skip_all "libvterm is not installed"
work=$(mktemp -d)
cd "$work" || exit 1
trap '"$avo" stop r >/dev/null 2>&1; cd /; rm -rf "$work"' EXIT
unset NO_COLOR AVO_SCRIPT
export TERM=xterm-256color AVO_RC= HOME="$work" TZ=UTC LC_ALL=C.UTF-8

"$avo" init r >/dev/null
git config -f r/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --ms 100"
"$avo" run r --headless >run.out 2>&1 &
wait_for 30 grep -q attempt-scored run.out

# sample FILE: what the workbench has cost so far, and how far the run is
cat >sample.sh <<'END'
pid=$(cat pid)
echo "rss_kb=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")"
echo "cpu_ticks=$(cut -d')' -f2 "/proc/$pid/stat" | awk '{ print $12 + $13 }')"
echo "events=$(wc -l <r/.avo/journal/000001.jsonl)"
END
cat >pause.sh <<'END'
"$1" pause r
while [ "$("$1" status r --json | jq -r '"\(.state) \(.attempts)"')" != "$seen" ]; do	# what is in flight is finished
	seen=$("$1" status r --json | jq -r '"\(.state) \(.attempts)"')
	sleep 0.7
done
"$1" status r --json | jq -r .attempts >attempts
END

# drive NAME: the script is on standard input
drive() {
	cat >script
	timeout 120 "$vtdrive" 160 50 script -- sh -c 'echo $$ >pid; exec "$0" attach r' "$avo" >out 2>&1
	while IFS= read -r line; do
		case $line in
		"ok "*) pass "$1: ${line#ok * - }" ;;
		"not ok "*) fail "$1: ${line#not ok * - }" ;;
		*) echo "# ${line#\# }" ;;
		esac
	done <out
}

# full redraws fill what the kernel keeps for the terminal; then six seconds in which it takes nothing
drive stalled <<END
wait 10000 RUNNING
shell sh sample.sh >early; (sleep 2; sh sample.sh >before; sleep 5; sh sample.sh >after) &
stall 8500 \x0c
wait 3000 RUNNING
key ?
wait 3000 Esc
key q
shell sh pause.sh $avo
wait 3000 PAUSED
quiet 500
dump screen
shell $avo resume r
wait 3000 RUNNING
key Q
exit 0 10000
restored after Q
END
# shellcheck disable=SC1091
. ./before && was=$events grown=$rss_kb used=$cpu_ticks
. ./after
ok $((events - was < 60)) "the run went on: $((events - was)) events in five seconds"
ok $((rss_kb - grown > 4096)) "the workbench did not grow: from $grown to $rss_kb KiB"
ticks=$(getconf CLK_TCK)
ok $((cpu_ticks - used > 3 * ticks)) "nor spin: $((cpu_ticks - used)) of $((5 * ticks)) ticks of processor time"
attempts=$(cat attempts)
like "$(cat screen)" "[^0-9]$attempts attempts" "the screen shows where the run stands ($attempts attempts)" || sed 's/^/# /' screen

for how in "signal TERM" "stall 100 Q"; do
	drive "ended while stalled ($how)" <<END
wait 10000 RUNNING
stall 3000 \x0c
$how
stall 6000
exit 0 20
restored after $how
END
done
done_testing
