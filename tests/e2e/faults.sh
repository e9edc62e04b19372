#!/bin/sh
# What stands between a run and its model: certificates, servers that are away, keys that cannot be had. Real engine, real TLS;
# what is wrong is in the journal with what to do, nothing is hammered at, and the run goes on by itself once it is put right.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo
vtdrive=$AVO_TOP_BUILDDIR/tests/lib/vtdrive
# the doctor opens the libraries of NVIDIA that are here; with them the leak sanitizer's own tracer crashes now and then
doctor() { with_key env ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" "$avo" doctor "$@" 2>&1; }
tmp=$(mktemp -d /tmp/avo-faults-XXXXXX) || exit 1
server=
run=$tmp/run
trap 'kill $server 2>/dev/null; "$avo" stop "$run" >/dev/null 2>&1; rm -rf "$tmp"' EXIT
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY SSL_CERT_FILE AVO_SCRIPT
export HOME="$tmp" AVO_RC=
(umask 077; echo sk-faults-0987654321-never-seen >"$tmp/key")
poll='{"name":"shell","input":{"job":2}}'
cat >"$tmp/script" <<SCRIPT
{"text":"I look.","calls":[{"name":"shell","input":{"command":"env; echo looked"}},{"name":"shell","input":{"command":"sleep 100","background":true}}]}
{"text":"I wait for it.","calls":[$poll,$poll,$poll,$poll,$poll,$poll,$poll]}
{"calls":[{"name":"submit","input":{"summary":"seen"}}]}
SCRIPT

start_server() { # WIRE OPTION...
	wire=$1
	shift
	rm -f "$tmp/port"
	"$AVO_TOP_BUILDDIR/tests/lib/model_script" "$wire" "$tmp/script" "$tmp/model.log" key="$tmp/key" "$@" >"$tmp/port" 2>"$tmp/model.err" &
	server=$!
	wait_for 100 test -s "$tmp/port" || return 1
	port=$(cat "$tmp/port")
}
stop_server() {
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
}

make_run() { # WIRE URL
	run=$tmp/$1-run
	"$avo" init "$run" --operator agent --model scripted --base-url "$2" --suite cpu-quick --seed reference >/dev/null || return 1
	for setting in "agent.api $1" "agent.key-env AVO_TEST_FAULTS_KEY" "agent.backoff 0.05" "agent.backoff-limit 1" "score.peers false" \
		"score.worker $AVO_TOP_BUILDDIR/tests/lib/fake_worker"; do
		git config -f "$run/avo.conf" "${setting%% *}" "${setting#* }"
	done
}
with_key() { AVO_TEST_FAULTS_KEY=$(cat "$tmp/key"); export AVO_TEST_FAULTS_KEY; exec "$@"; }	# in a subshell only
events() { "$avo" events --json "$run"; }
has() { events | grep -q -- "$1"; }
engine() { sed -n '1s/ .*//p' "$run/.avo/engine.lock"; }
environment_of() { tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null; }

# --- certificates, on both wires --------------------------------------------------------

for wire in messages chat; do
	if ! start_server $wire tls=good,"$tmp/ca.pem"; then
		skip "$wire: a server with a CA of its own" "this build's tests cannot serve TLS: OpenSSL's headers were missing"
		continue
	fi
	make_run $wire "https://127.0.0.1:$port"
	if [ $wire = messages ]; then
		like "$(doctor "$run")" 'missing +model .*signed by nobody whom this machine trusts.*agent\.ca-file' "the doctor says what to do about an unknown CA"
	fi
	with_key "$avo" run --headless --steps 1 "$run" >"$tmp/out" 2>&1 &
	watcher=$!
	wait_for 300 has '"type":"warning".*the model cannot be asked: the certificate of 127.0.0.1:'
	ok $? "$wire: a certificate that nobody vouches for is in the journal" || sed 's/^/# /' "$tmp/out" "$run/.avo/engine.log"
	like "$(events)" 'name its CA certificate in agent\.ca-file' "$wire: with what to do"
	is "$(wc -l <"$tmp/model.log")" 0 "$wire: and nothing was sent"
	pid=$(engine)
	like "$(cat "/proc/$pid/limits")" 'Max core file size +0 +0' "$wire: the engine dumps no core"
	for p in $pid $(pgrep -P "$pid") $watcher; do
		! environment_of "$p" | grep -qFf "$tmp/key" || echo "$p: $(tr '\0' ' ' <"/proc/$p/cmdline")"
	done >"$tmp/who"
	is "$(cat "$tmp/who")" "" "$wire: the key is in no environment: engine, worker, viewer"
	is "$(for p in $pid $(pgrep -P "$pid") $watcher; do tr '\0' '\n' <"/proc/$p/cmdline"; done | grep -cFf "$tmp/key")" 0 "$wire: nor on a command line"
	"$avo" stop "$run" >/dev/null 2>&1
	wait $watcher
	if [ $wire = messages ]; then
		git config -f "$run/avo.conf" agent.ca-file "$tmp/ca.pem"
	else
		export SSL_CERT_FILE="$tmp/ca.pem"
	fi
	(with_key timeout 500 "$avo" run --headless --steps 1 "$run") >"$tmp/out" 2>&1
	has '"type":"step-ended".*seen'
	ok $? "$wire: once its CA is named the agent works" || sed 's/^/# /' "$tmp/out" "$tmp/model.log" "$run/.avo/engine.log"
	is "$(events | grep -c '"action-ended".*"result":"\[job 2 still runs')" 7 "$wire: it waits for a job of its own"
	unlike "$(events)" '"trigger":"tool-cycle"' "$wire: which the supervisor does not take for going in a circle"
	unlike "$(cat "$run"/.avo/journal/* "$run"/.avo/engine.log "$run"/.avo/blobs/* "$tmp/out" 2>/dev/null)" 'sk-faults-0987654321' "$wire: the key is in no file of the run"
	if [ $wire = chat ]; then
		like "$(doctor "$run")" 'ok +model .*answers on the chat wire' "the doctor talks to it once its CA is named in SSL_CERT_FILE"
	fi
	stop_server
	unset SSL_CERT_FILE
done

# --- a server that is away ----------------------------------------------------------------

start_server messages
make_run messages2 "http://127.0.0.1:$port" 2>/dev/null
git config -f "$run/avo.conf" agent.api messages
stop_server
with_key "$avo" run --headless --steps 1 "$run" >"$tmp/out" 2>&1 &
watcher=$!
wait_for 300 has '"type":"warning".*the model server does not answer: 127.0.0.1:[0-9]* does not answer: does the server run?'
ok $? "a server that is away is in the journal" || sed 's/^/# /' "$tmp/out"
is "$(events | grep -c 'the model server does not answer')" 1 "once, however often it is tried"
like "$(events)" 'goes on trying for 12h' "with how long it will be tried"
start_server messages port="$port"
wait_for 300 has '"type":"warning".*the model server answers again, after'
ok $? "and so is its return" || sed 's/^/# /' "$tmp/out"
wait $watcher
has '"type":"step-ended".*seen'
ok $? "then the step goes on as if nothing had been"

# --- keys from a command --------------------------------------------------------------------

git config -f "$run/avo.conf" agent.key-command "cat $tmp/nokey"
"$avo" run --headless --steps 1 "$run" >"$tmp/out" 2>&1
is $? 3 "without a key no engine starts"
like "$(cat "$tmp/out")" "agent\.key-command failed \(exit status 1: cat: .*nokey: No such file" "and the command's own words are passed on"
has '"state":"failed","reason":"operator agent: agent.key-command failed'
ok $? "in the journal too"
stop_server
start_server messages port="$port"
git config -f "$run/avo.conf" agent.key-command "echo 'a word of advice' >&2; cat $tmp/key"
timeout 500 "$avo" run --headless --steps 1 "$run" >"$tmp/out" 2>&1
is "$(events | grep -c '"type":"step-ended".*seen')" 2 "with a key from a command the agent works"
unlike "$(cat "$run"/.avo/journal/* "$run"/.avo/engine.log "$tmp/out" 2>/dev/null)" 'sk-faults-0987654321' "which is in no file of the run"
git config -f "$run/avo.conf" --unset agent.key-command
git config -f "$run/avo.conf" agent.key-file "~/key.now"
(umask 077; echo sk-faults-revoked-1234567890 >"$tmp/key.now")
"$avo" run --headless --steps 1 "$run" >"$tmp/out" 2>&1 &
watcher=$!
wait_for 300 has '"type":"warning".*the model cannot be asked: that is not the key'
ok $? "a key that is refused is in the journal" || sed 's/^/# /' "$tmp/out"
cat "$tmp/key" >"$tmp/key.now"
"$avo" hint "the key is good now" "$run" >"$tmp/hint" 2>&1
wait $watcher
is "$(events | grep -c '"type":"step-ended".*script is at its end')" 1 "a key file that was put right is read again after a message" || sed 's/^/# /' "$tmp/out" "$tmp/hint"

# --- what is started from the workbench ---------------------------------------------------------

cat >"$tmp/editor" <<EOS
#!/bin/sh
{ env; tr '\\0' '\\n' <"/proc/\$PPID/environ"; } >"$tmp/editor.env.tmp"
mv "$tmp/editor.env.tmp" "$tmp/editor.env"
EOS
chmod 700 "$tmp/editor"
if [ -x "$vtdrive" ]; then
	git config -f "$run/avo.conf" --unset agent.key-file
	printf '%s\n' 'wait 200000 1 lineage' 'key e' "wait 200000 is as it was" 'key Q' 'exit 0 200000' >"$tmp/typed"
	(with_key env TERM=xterm-256color VISUAL="$tmp/editor" timeout 500 "$vtdrive" 120 40 "$tmp/typed" -- "$avo" run "$run") >"$tmp/typed.out" 2>&1
	grep -q '^HOME=' "$tmp/editor.env"
	ok $? "an editor can be started from the workbench of avo run" || sed 's/^/# /' "$tmp/typed.out"
	is "$(grep -cFf "$tmp/key" "$tmp/editor.env")" 0 "and finds the key neither in its environment nor in the workbench's"
	"$avo" stop "$run" >/dev/null 2>&1
else
	skip "an editor started from the workbench sees no key" "libvterm is not installed"
fi
rm -f "$tmp/editor.env"
run=$tmp/manual
"$avo" init "$run" --operator manual --suite cpu-quick --seed reference >/dev/null
git config -f "$run/avo.conf" score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker"
git config -f "$run/avo.conf" score.peers false
ANTHROPIC_API_KEY=$(cat "$tmp/key") VISUAL=$tmp/editor timeout 500 "$avo" step "$run" >"$tmp/out" 2>&1
grep -q '^HOME=' "$tmp/editor.env"
ok $? "an editor can be started by avo step" || sed 's/^/# /' "$tmp/out"
is "$(grep -cFf "$tmp/key" "$tmp/editor.env")" 0 "and finds no key either"
done_testing
