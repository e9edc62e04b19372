#!/bin/sh
# A run with a key as an ordinary user: the engine hides its memory from processes of that user, and still works.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo
! grep -q __asan_init "$avo" || skip_all "with AddressSanitizer an engine does not hide its memory: its leak check needs ptrace"
tmp=$(mktemp -d /tmp/avo-key-XXXXXX) || exit 1
server=
as=
run=$tmp/run
trap 'kill $server 2>/dev/null; $as "$avo" stop "$run" >/dev/null 2>&1; rm -rf "$tmp"' EXIT
if [ "$(id -u)" -eq 0 ]; then
	command -v setpriv >/dev/null || skip_all "setpriv (util-linux) is missing, and root sees everything"
	as="setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all"
	chown 65534:65534 "$tmp"
fi
HOME=$tmp
AVO_DATA_DIR=$AVO_TOP_SRCDIR
AVO_TEST_SECRET_KEY=sk-never-to-be-seen-0123456789
export HOME AVO_DATA_DIR AVO_TEST_SECRET_KEY
$as test -x "$avo" -a -r "$AVO_TOP_SRCDIR/kernels/suites/cpu-quick.suite" || skip_all "an ordinary user cannot read this build"

events() { $as "$avo" events --json "$run"; }
has() { events | grep -q -- "$1"; }

cat >"$tmp/script" <<'SCRIPT'
{"calls":[{"name":"shell","input":{"command":"echo processes $(ls /proc | grep -c '^[0-9]'); cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c AVO_TEST; echo shell $((6 * 7))"}}]}
{"calls":[{"name":"evaluate","input":{"title":"as it was"}}]}
{"calls":[{"name":"shell","input":{"command":"echo now look; sleep 500","timeout_s":600}}]}
{"calls":[{"name":"submit","input":{"summary":"looked at"}}]}
SCRIPT
"$AVO_TOP_BUILDDIR/tests/lib/model_script" messages "$tmp/script" "$tmp/model.log" >"$tmp/port" 2>"$tmp/model.err" &
server=$!
wait_for 60 test -s "$tmp/port"
$as "$avo" init "$run" --operator agent --model scripted --base-url "http://127.0.0.1:$(cat "$tmp/port")" --suite cpu-quick --seed reference >/dev/null
is $? 0 "a run is made"
for setting in "agent.api messages" "agent.key-env AVO_TEST_SECRET_KEY" "score.peers false"; do
	$as git config -f "$run/avo.conf" "${setting%% *}" "${setting#* }"
done
$as "$avo" run --headless --steps 1 "$run" >"$tmp/out" 2>&1 &
watcher=$!
wait_for 600 has '"kind":"shell","text":"echo now look'
ok $? "the agent works: shell, evaluation, shell" || { cat "$tmp/out" "$run/.avo/engine.log" | sed 's/^/# /'; }
pid=$(sed -n '1s/ .*//p' "$run/.avo/engine.lock")
is "$(stat -c %U:%a "/proc/$pid/environ")" "root:400" "the engine's memory belongs to root now"
$as cat "/proc/$pid/environ" >"$tmp/seen" 2>/dev/null
ok $(($? == 0)) "the user's other processes cannot read its environment"
$as dd if="/proc/$pid/mem" of=/dev/null bs=1 count=1 2>/dev/null
ok $(($? == 0)) "nor its memory"
is "$(tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -c sk-never)" 0 "and the key is not there anyway"
like "$(events)" 'processes [0-9]+\\n0\\nshell 42' "the agent's shell ran, and found no key in anybody's environment"
unlike "$(events)" 'AVO_TEST_SECRET|sk-never' "nor is one in the journal"
if $as unshare --user --map-root-user --mount --pid --fork true 2>/dev/null; then
	like "$(events)" 'processes [1-9]\\n' "it sees its own processes only: hiding costs no namespaces"
else
	skip "it sees its own processes only" "no user namespaces for an ordinary user here"
fi
like "$(events | grep '"type":"attempt-scored"')" '"verdict":"passed"' "the evaluation passed, with a worker that a hidden process started"
kill $watcher 2>/dev/null
$as "$avo" stop "$run" >/dev/null 2>&1
wait $watcher 2>/dev/null
unlike "$(cat "$run"/.avo/journal/* "$run"/.avo/engine.log "$tmp/out" "$run"/.avo/blobs/* 2>/dev/null)" 'sk-never-to-be-seen' "the key is in no file of the run"
done_testing
