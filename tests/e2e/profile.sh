#!/bin/sh
# Profiles of a whole run: every new version gets one, the journal holds it, and the command
# line and the workbench show it; where counting is not allowed, why.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
avo() { "$AVO_TOP_BUILDDIR/avo" "$@"; }
wb=$AVO_TOP_BUILDDIR/tests/lib/wb
show() { # show RUN COMMAND: every line of the view that the command opens
	printf ':%s\n:save-view %s\n' "$2" "$work/shown" >script
	env LC_ALL=C.UTF-8 TERM=xterm-256color TZ=UTC AVO_RC= HOME="$work" LINES=40 COLUMNS=120 AVO_SCRIPT="$work/script" \
		timeout 60 "$wb" "$1" </dev/null >/dev/null 2>&1
	cat shown
}

mkdir seed
cat >seed/kernel.cu <<'CU'
#define TILE_M 16 // avo: 16|32|64
#define TILE_N 32 // avo: 32|64|128
extern "C" __global__ void works(const void *q, const void *k, const void *v, void *o, int a, int b, int c, int d, int e, int f, float g)
{
}
CU
cat >seed/plan.c <<'C'
#include <avo/plan.h>

int avo_plan(const struct avo_problem *p, struct avo_plan *plan)
{
	struct avo_launch *l = avo_launch(plan, "works", avo_dim(1, 1, p->batch), avo_dim(32, 1, 1), 1024);

	for (int i = 0; i < 4; i++)
		avo_arg_tensor(l, i);
	avo_arg_i32(l, p->q_len);
	avo_arg_i32(l, p->kv_len);
	avo_arg_i32(l, p->q_heads);
	avo_arg_i32(l, p->kv_heads);
	avo_arg_i32(l, p->head_dim);
	avo_arg_i32(l, p->causal);
	avo_arg_f32(l, p->scale);
	return 0;
}
C

# a worker that counts
avo init run --backend cuda --suite quick --seed seed >/dev/null || exit 1
git config -f run/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker"
avo run run --headless --attempts 6 >out 2>&1
is $? 0 "a run whose worker counts ends" || sed 's/^/# /' out
versions=$(avo log run --json | wc -l)
ok $((versions < 2)) "it committed something ($versions versions)"
is "$(avo events run --type profile --json | wc -l)" "$versions" "every version was profiled, once"
is "$(avo events run --type profile --json | jq -r '.what + " " + .case + " " + .by' | head -1)" "v0 full engine" "the seed first"
newest=v$((versions - 1)) before=v$((versions - 2))

got=$(avo counters "$before" "$newest" run)
is $? 0 "avo counters needs no measurement for them"
like "$got" "^$newest recorded 20.*on fake device" "it says when they were measured, and on what"
unlike "$got" "measured now" "nothing is measured"
like "$got" "^  pipe-active +% +[0-9.]+ +[0-9.]+ +[+]" "with the change"
unlike "$got" "no hardware counters" "and no excuse"
json=$(avo counters "$before" "$newest" run --json)
is "$(printf '%s' "$json" | jq -r '.of[1].name')" "$newest" "--json names them"
is "$(printf '%s' "$json" | jq -r '.counters[] | select(.id == "pipe-active") | .values[1] > .values[0]')" true "what got faster counted more"
is "$(printf '%s' "$json" | jq -r '.counters[] | select(.id == "unknown") | .values[0]')" null "what the chip does not count is null"
git config -f run/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --no-permission"
got=$(avo counters "$newest" run --again)
like "$got" "^$newest measured now, on fake device" "--again measures"
like "$got" "no hardware counters: hardware counters are reserved for root" "a counter that may not be read is no number"
got=$(avo counters "$before" "$newest" run --case causal)
like "$got" "^$before measured now" "a case that was not recorded is measured"

like "$(avo show "$newest" run)" "^counters   recorded on full; avo counters $newest shows them" "avo show says that they are there"

like "$(avo report run)" "^\| pipe-active \| % \| [0-9.]+ \| [0-9.]+ \|" "the report has what moved since the seed"
unlike "$(avo report run)" "^\| occupancy" "and not what stood still"

got=$(show run "view counters")
like "$got" "^full +$before +$newest +change" "the pane shows the newest version beside its parent"
like "$got" "^pipe-active, % .*[+][0-9.]+%" "with the change"
like "$got" "^$newest measured .* on fake device" "and says what it was measured on"
like "$(show run "view counters v0 $newest")" "^full +v0 +$newest +change" "any two stand side by side"

# one that waits for approval
avo init gated --backend cuda --suite quick --seed seed --gate manual >/dev/null || exit 1
git config -f gated/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker"
avo run gated --headless >out 2>&1 &
wait_for 60 sh -c '"$AVO_TOP_BUILDDIR/avo" events gated --type profile | grep -Eq " a[0-9]+ full "'
ok $? "what waits is profiled while it waits"
got=$(show gated "view review")
like "$got" "^Counters, biggest movers" "the review has a place for counters"
like "$got" "^pipe-active, % .*[+][0-9.]+%" "in which the biggest movers stand"
unlike "$got" "not profiled" "without a word of regret"
avo stop gated >/dev/null 2>&1
wait

# no permission: the run goes on, the reason is there
avo init denied --backend cuda --suite quick --seed seed >/dev/null || exit 1
git config -f denied/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --no-permission"
avo run denied --headless --attempts 6 >out 2>&1
is $? 0 "without permission the run ends as it would" || sed 's/^/# /' out
like "$(show denied "view counters" | tr -s '\n ' ' ')" "without counters: hardware counters are reserved for root" "the pane says why there are none"
like "$(avo counters v0 v1 denied)" "no hardware counters: hardware counters are reserved for root" "so does the command line"
avo init never --backend cuda --suite quick --seed seed >/dev/null || exit 1
git config -f never/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker"
git config -f never/avo.conf score.profile never
avo run never --headless --attempts 3 >out 2>&1
is "$(avo events never --type profile --json | wc -l)" 0 "score.profile = never is obeyed"
for run in run gated denied never; do
	journal_keeps "$run"
done

# the real worker, on a stand-in for the driver
fake=$AVO_TOP_BUILDDIR/tests/lib/fake_cuda.so
if [ ! -f "$fake" ]; then
	skip "the real worker's profiles" "this build has no CUDA backend"
	done_testing
	exit 0
fi
AVO_CUDA=$fake AVO_NVML=$work/no-nvml.so AVO_CUDNN=$work/no-cudnn.so FAKE_CUPTI_FILE=$work/times
export AVO_CUDA AVO_CUPTI AVO_NVML AVO_CUDNN FAKE_CUPTI FAKE_CUPTI_FILE
real() { # real RUN: one attempt, which becomes v1
	avo init "$1" --backend cuda --suite quick --seed seed >/dev/null || exit 1
	git config -f "$1/avo.conf" run.accept-matched true
	# two that are the same are matched here, whatever the machine's noise
	git config -f "$1/avo.conf" score.match-tolerance 1000000
	git config -f "$1/avo.conf" score.confidence 0.99999
	git config -f "$1/avo.conf" score.peers false
	avo run "$1" --headless --attempts 1 >out 2>&1
}
AVO_CUPTI=$AVO_TOP_BUILDDIR/tests/lib/fake_cupti.so
real counted
status=$?
if [ $status -ne 0 ] && grep -q NVRTC out; then
	skip "the real worker's profiles" "NVRTC is missing"
	done_testing
	exit 0
fi
is $status 0 "a run on the stand-in ends" || sed 's/^/# /' out
is "$(avo log counted --json | wc -l)" 2 "its attempt became v1"
is "$(avo events counted --type profile --json | jq -r .what | tr '\n' ' ')" "v0 v1 " "both versions were profiled"
last=$(avo events counted --type profile --json | tail -1)
like "$(printf '%s' "$last" | jq -r .device)" "Fake GPU" "the device is recorded"
is "$(printf '%s' "$last" | jq -r '.counters[] | select(.id == "stall-long-scoreboard") | .value')" 4 "so is what was counted"
is "$(printf '%s' "$last" | jq -r '.counters[] | select(.id == "local-load") | .value')" null "and what was not"
like "$(avo counters v0 v1 counted | sed -n '5,6p' | tr '\n' ' ')" "counter .* stall: long scoreboard +8 +4 +-50.00%" "the biggest mover stands first"
like "$(show counted "view counters" | head -3 | tail -1)" "^stall: long scoreboard +8 +4 +-50.0%" "in the pane, too"

FAKE_CUPTI=denied
real forbidden
is $? 0 "a run whose user may not count ends" || sed 's/^/# /' out
got=$(avo counters v0 v1 forbidden)
like "$got" "^v1 recorded" "the record answers"
like "$got" "registers a thread +40 +40 +[+]0.00%" "with what the driver knows of the kernels"
like "$got" "no hardware counters: hardware counters are reserved for root.*; when that has changed, --again" "and why nothing was counted"
like "$(show forbidden "view counters" | tr -s '\n ' ' ')" "v1 without counters: hardware counters are reserved for root" "which the pane says as well"
FAKE_CUPTI=busy
like "$(avo counters v1 forbidden --again)" "no hardware counters: this device cannot be profiled" "another profiler is another reason"
done_testing
