#!/bin/sh
# The first hour: what avo says to do next can be typed as it stands, what it promises happens, and a script can tell what came of it.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
avo=$AVO_TOP_BUILDDIR/avo
PATH=$AVO_TOP_BUILDDIR:$PATH
trap 'for run in r j f a; do "$avo" stop $run; done >/dev/null 2>&1; cd /; rm -rf "$work"' EXIT

fake() { # fake RUN ARGUMENTS: a worker that takes no time for RUN
	git config -f "$1/avo.conf" score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker $2"
}

# typed NAME COMMAND: the words after "avo" that were printed, run as they are
typed() {
	sh -c "$2" </dev/null >typed.out 2>&1
	is "$?" 0 "$1: '$2' works as it stands" || sed 's/^/# /' typed.out
}

# --- a run that goes on by itself, and waits for a decision
"$avo" init r --gate manual >/dev/null
fake r "--ms 20"
"$avo" run r --detach >out 2>&1
is "$?" 0 "run --detach"
like "$(cat out)" '^r runs \(pid [0-9]+\)\. Watch it: avo attach r; end it: avo stop r$' "says how to watch and how to end"
wait_for 60 sh -c "avo pending r"
ok $? "an attempt comes to wait"
first=$("$avo" pending r --json 2>/dev/null | jq -r .attempt | head -1)
like "$("$avo" pending r 2>&1 >/dev/null)" "^look: avo diff v0 $first r; then: avo approve $first r, or avo reject $first -m TEXT r$" "pending: numbers and DIR are real"
like "$("$avo" status r)" "needs you +$first waits: avo approve $first r, or avo reject $first -m TEXT r" "so they are in status"
typed "pending" "avo diff v0 $first r"
like "$("$avo" resume r)" "^$first waits: avo approve $first r" "resume of a run that waits says what for"
typed "approve without a number" "avo approve r"
like "$(cat typed.out)" "^$first is v1 now" "commits the one that waits"
is "$("$avo" log r --json | jq -r .attempt | head -1)" "$first" "as v1"

# --- an engine that runs keeps its limits
"$avo" run r --headless --time 1s >out 2>&1 </dev/null
is "$?" 1 "a limit for a run that is running is refused"
like "$(cat out)" 'cannot change its limits\. Watch it: avo attach r; end it: avo stop r' "with what to do"
"$avo" run r --detach >out 2>&1
ok $(($? == 0)) "a second engine is not started"
like "$(cat out)" 'join it with: avo attach .*/r' "it says how to join"
"$avo" hint try wider tiles r >out 2>&1
is "$?" 1 "a message to an operator that reads none is refused"
like "$(cat out)" 'the operator mutate reads no messages; run.operator = agent does' "with the reason"
is "$("$avo" events r --type hint)" "" "and is not recorded as if it had been sent"
typed "stop" "avo stop r"
like "$(cat typed.out)" 'start it again where it was: avo run r$' "stop says how to go on"

# --- steps tell a script what came of them
wait_for 10 sh -c "avo status r | grep -q 'not running'"
! "$avo" pending r >/dev/null 2>&1 || "$avo" reject -m "not this one" r >/dev/null
"$avo" step r >out 2>&1
is "$?" 0 "a step whose attempt waits ends with 0"
like "$(cat out)" 'a[0-9]+ waits: avo approve a[0-9]+ r, or avo reject a[0-9]+ -m TEXT r' "and says what to type"
sh -c "$(sed -n 's/.* waits: \(avo approve a[0-9]* r\),.*/\1/p' out | tail -1)" >typed.out 2>&1
is "$?" 0 "which works without an engine"
"$avo" init f --operator manual >/dev/null
fake f ""
EDITOR=: "$avo" step f -m nothing >out 2>&1
is "$?" 1 "a step that brings no version ends with 1" || sed 's/^/# /' out
"$avo" stop f >/dev/null 2>&1

# --- a run that is joined ends when it has finished, whoever started its engine
"$avo" init j >/dev/null
fake j "--ms 20"
"$avo" run j --detach --attempts 8 >/dev/null
timeout 60 "$avo" run j --headless >out 2>&1 </dev/null
is "$?" 0 "a joined run ends as the one that started it does"
like "$(cat out)" '^look: avo log j; avo diff v0 v[0-9]+ j; avo attach j' "it says what to look at"
typed "look" "$(sed -n 's/^look: [^;]*; \(avo diff [^;]*\);.*/\1/p' out)"
like "$(cat out)" '^go on: avo run j$' "and how to go on"
LC_ALL=C "$avo" events j >out
is "$(LC_ALL=C tr -d '\000-\177' <out | wc -c | tr -d ' ')" 0 "in the locale C nothing is beyond ASCII"
like "$(cat out)" '[0-9]->[0-9]' "an arrow is spelled"
like "$("$avo" events j)" '[0-9]→[0-9]' "in UTF-8 it is one"

# --- a seed that fails is said to have failed
mkdir bad
sed 's/^#define TILE_K /#error no\n&/' "$AVO_TOP_SRCDIR/kernels/attention/cpu/kernel.c" >bad/kernel.c
"$avo" init b --seed bad --suite cpu-quick >/dev/null
"$avo" run b --headless >out 2>&1 </dev/null
is "$?" 3 "a run whose seed does not build fails"
"$avo" status b >out
like "$(cat out)" '^state +failed: ' "status says why"
like "$(cat out)" '^best +none: the seed v0 has no score' "and that nothing can be compared"
unlike "$(cat out)" 'nan|not scored yet' "and no number that is none"

# --- an agent's messages are kept
"$avo" init a --operator agent --model m --base-url http://127.0.0.1:9 >/dev/null
fake a ""
OPENAI_API_KEY=x ANTHROPIC_API_KEY=x "$avo" run a --detach >out 2>&1
is "$?" 0 "an agent's run" || sed 's/^/# /' out
"$avo" hint "wider tiles" a >out 2>&1
is "$?" 0 "takes a message" || sed 's/^/# /' out
is "$("$avo" events a --type hint --json | jq -r .text)" "wider tiles" "and keeps it"
"$avo" stop a >/dev/null

# --- what a run can be made of
is "$("$avo" list seeds --json | jq -r 'select(.backend == "cuda").name' | tr '\n' ' ')" "reference sm100a sm80 sm90a " "list seeds"
is "$("$avo" list suites --json | jq -r 'select(.name == "mha").backend')" cuda "list suites"
like "$("$avo" list operators)" '^agent .*model' "list operators"
"$avo" list kernels >out 2>&1
is "$?" 2 "a list that there is not"
AVO_CUDA=$AVO_TOP_BUILDDIR/tests/lib/fake_cuda.so "$avo" init hopper --backend cuda >out 2>&1
is "$?" 0 "init --backend cuda" || sed 's/^/# /' out
is "$(git -C hopper log --format=%s v0)" "v0: seed sm90a" "on Hopper the seed is sm90a"
AVO_CUDA=/nowhere "$avo" init none --backend cuda >out 2>&1
is "$(git -C none log --format=%s v0)" "v0: seed sm80" "without a GPU it is sm80"
like "$(cat out)" 'no GPU is seen here: the seed is sm80.*--seed sm90a' "which is said"

# refused SEED WORDS [OPTIONS]: init looks at the seed, says what is wrong with it, and leaves nothing behind
refused() {
	seed=$1 words=$2
	shift 2
	"$avo" init no --seed "$seed" "$@" >out 2>&1
	is "$?" 2 "a seed $seed $* is refused"
	like "$(cat out)" "$words.*man avo-candidate" "it says why, and where to read"
	ok "$([ ! -e no ]; echo $?)" "no run is left"
}
echo 'void rmsnorm(float *y, const float *x) { *y = *x; }' >rmsnorm.c
echo '__global__ void rmsnorm() { }' >rmsnorm.cu
: >triton.py
mkdir both
cp rmsnorm.cu both/kernel.cu
echo 'int plan;' >both/plan.c
refused rmsnorm.c 'defines no avo_attention\(\): attention forward is the one problem'
refused rmsnorm.cu 'holds no plan.c' --backend cuda
refused triton.py 'is no \.c file'
refused triton.py 'is no \.cu file' --backend cuda
refused both 'defines no avo_plan\(\)' --backend cuda

# --- on a screen: m is refused with the reason, q and Ctrl-C say the same
if [ -x "$AVO_TOP_BUILDDIR/tests/lib/vtdrive" ]; then
	printf '%s\n' 'wait 20000 engine ●' 'key m' 'wait 5000 the operator of this run reads no messages' 'key q' 'wait 5000 left; the run goes on. Watch it: avo attach j; end it: avo stop j' 'exit 0 5000' >script
	TERM=xterm-256color ASAN_OPTIONS=detect_leaks=0 timeout 60 "$AVO_TOP_BUILDDIR/tests/lib/vtdrive" 100 40 script -- "$avo" run j >out 2>&1
	is "$?" 0 "m is refused where nobody reads, and q says what Ctrl-C says" || sed 's/^/# /' out
else
	skip "q says what Ctrl-C says" "libvterm is not installed"
fi
done_testing
