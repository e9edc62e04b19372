#!/bin/sh
# A candidate is one thing, whichever way it comes in: nested files of every kind of text travel, each rule is refused with its reason and
# leaves nothing behind, what was scored is answered from the record, and no candidate's file is ever read as a setting.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo
tmp=$(mktemp -d /tmp/avo-candidate-XXXXXX) || exit 1
server=
trap 'kill $server 2>/dev/null; for r in "$tmp"/run "$tmp"/agent "$tmp"/fork; do "$avo" stop "$r" >/dev/null 2>&1; done; rm -rf "$tmp"' EXIT
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY AVO_SCRIPT VISUAL
export HOME="$tmp" AVO_RC=
run=$tmp/run
files='data/table.ptx|impl/core.hpp|impl/deep/tiles.inc|kernel.c'

nested() { # DIR
	mkdir -p "$1/impl/deep" "$1/data"
	echo '#include "impl/core.hpp"' >"$1/kernel.c"
	printf "%s\n" "#include \"deep/tiles.inc\"" "/* avo_attention */" >"$1/impl/core.hpp"
	echo '/* FAKE_SPEED 1 */' >"$1/impl/deep/tiles.inc"
	echo '.version 8.0' >"$1/data/table.ptx"
}
tree() { git -C "$1" ls-tree -r --name-only "$2" | tr '\n' '|' | sed 's/|$//'; }
events() { "$avo" events --json "$run"; }
count() { events | grep -c -- "$1"; }
settle() { git config -f "$1/avo.conf" score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker"; git config -f "$1/avo.conf" score.peers false; }
# One way in a time: breaks rule N of the directory $1, prints what must be said.
broken() { # DIR RULE
	case $2 in
	newline) : >"$1/a
b.h"; echo 'control character' ;;
	hidden) : >"$1/.hidden.h"; echo 'hidden' ;;
	conf) : >"$1/avo.conf"; echo 'settings' ;;
	prompts) mkdir "$1/prompts"; echo x >"$1/prompts/system.md"; echo '.avo/prompts' ;;
	nul) printf 'a\0b' >"$1/impl/nul.inc"; echo 'NUL byte' ;;
	big) head -c 1048577 /dev/zero | tr '\0' x >"$1/big.h"; echo '1 MiB' ;;
	sum) for i in 1 2 3 4 5 6 7 8 9; do head -c 1000000 /dev/zero | tr '\0' x >"$1/sum$i.h"; done; echo '8 MiB' ;;
	many) for i in $(seq 64); do : >"$1/impl/f$i.h"; done; echo '64 files' ;;
	deep) mkdir -p "$1/1/2/3/4/5/6/7/8/9"; : >"$1/1/2/3/4/5/6/7/8/9/x.h"; echo '8 levels' ;;
	link) ln -s /etc/passwd "$1/link.h"; echo 'is a link' ;;
	esac
}
rules='newline hidden conf prompts nul big sum many deep link'

# --- init, fork, score ------------------------------------------------------------------

nested "$tmp/seed"
"$avo" init "$run" --operator manual --suite cpu-quick --seed "$tmp/seed" >/dev/null
is "$(tree "$run" lineage)" "$files" "init: nested files of every kind of text are in v0"
is "$(cat "$run/impl/deep/tiles.inc")" '/* FAKE_SPEED 1 */' "and in the working tree"
"$avo" fork v0 "$tmp/fork" "$run" >/dev/null
is "$(tree "$tmp/fork" lineage)" "$files" "fork: the same"
for rule in $rules; do
	nested "$tmp/bad"
	why=$(broken "$tmp/bad" $rule)
	got=$("$avo" init "$tmp/none" --seed "$tmp/bad" 2>&1)
	like "$got" "$why" "init refuses $rule and says why"
	ok "$([ ! -e "$tmp/none" ]; echo $?)" "and leaves nothing"
	like "$("$avo" score "$tmp/bad" --suite cpu-quick 2>&1)" "build-failed.*$why" "score: $rule is build-failed"
	rm -rf "$tmp/bad"
done

# --- submit ------------------------------------------------------------------------------

settle "$run"
"$avo" run --headless "$run" >"$tmp/out" 2>&1 &
watcher=$!
wait_for 60 sh -c '"$0" events --json "$1" | grep -q "\"type\":\"step-started\""' "$avo" "$run"
ok $? "the run waits for a candidate"
ask() { # JSON of a command
	printf '{"id":1,"cmd":"hello","mode":"control"}\n{"id":2,"by":"ada",%s}\n' "$1" |
		socat -t 5 - "UNIX-CONNECT:$run/.avo/ctl.sock" | grep '"re":2'
}
for rule in $rules; do
	nested "$tmp/bad"
	why=$(broken "$tmp/bad" $rule)
	like "$(ask "\"cmd\":\"submit\",\"dir\":\"$tmp/bad\"")" "\"ok\":false.*$why" "submit refuses $rule and says why"
	rm -rf "$tmp/bad"
done
is "$(count '"type":"attempt-started"')" 0 "and no attempt came of it"
like "$(ask '"cmd":"submit"')" 'nothing changed: these are the files of v0' "an unchanged tree is no attempt"
nested "$tmp/next"
echo '/* FAKE_VERDICT incorrect */' >"$tmp/next/impl/deep/tiles.inc"
submit() { ask "\"cmd\":\"submit\",\"dir\":\"$tmp/next\"$1"; }
scored() { [ "$(count '"type":"attempt-scored"')" -ge "$1" ]; }
like "$(submit)" '"ok":true' "another one is taken"
wait_for 60 scored 1
is "$(tree "$run" refs/avo/attempts/a1)" "$files" "submit: nested files of every kind of text are in the attempt"
like "$(submit)" '"ok":false.*these are the files of a1, which was incorrect' "the same again is answered from the record"
is "$(count '"type":"attempt-started"')" 1 "without another attempt"
like "$(submit ',"again":true')" '"ok":true' "unless it is to be measured again"
wait_for 60 scored 2
ok $? "which it was"
"$avo" stop "$run" >/dev/null 2>&1
wait $watcher
for i in 1 2 3 4 5 6 7 8; do
	EDITOR=true "$avo" step -m "nothing" "$run" >"$tmp/out" 2>&1
done
like "$(cat "$tmp/out")" 'nothing changed' "avo step says that nothing changed"
is "$(count '"type":"attempt-started"') $(count '"type":"version"')" "2 1" "eight unchanged submissions made no attempt and no version"
EDITOR=true "$avo" step --again -m "nothing" "$run" >"$tmp/out" 2>&1
is "$(count '"same_as":"v0"') $(count '"type":"version"')" "1 1" "measured with --again, and no version comes of what is the same"

# --- the agent ---------------------------------------------------------------------------

run=$tmp/agent
cat >"$tmp/script" <<'SCRIPT'
{"calls":[{"name":"shell","input":{"command":"echo x >avo.conf"}},{"name":"evaluate","input":{"title":"odd"}}]}
{"calls":[{"name":"shell","input":{"command":"rm avo.conf; echo '/* FAKE_VERDICT incorrect */' >impl/deep/tiles.inc"}},{"name":"evaluate","input":{"title":"mended"}}]}
{"calls":[{"name":"evaluate","input":{"title":"the same"}},{"name":"evaluate","input":{"title":"once more","again":true}}]}
{"calls":[{"name":"submit","input":{"summary":"seen"}}]}
SCRIPT
"$AVO_TOP_BUILDDIR/tests/lib/model_script" chat "$tmp/script" "$tmp/model.log" >"$tmp/port" 2>"$tmp/model.err" &
server=$!
wait_for 30 test -s "$tmp/port"
"$avo" init "$run" --operator agent --model scripted --base-url "http://127.0.0.1:$(cat "$tmp/port")" --suite cpu-quick --seed "$tmp/seed" >/dev/null
settle "$run"
git config -f "$run/avo.conf" agent.api chat
timeout 120 "$avo" run --headless --steps 1 "$run" >"$tmp/out" 2>&1
verdicts=$(events | sed -n 's/.*"type":"attempt-scored".*"verdict":"\([a-z-]*\)".*/\1/p' | tr '\n' ' ')
is "$verdicts" "build-failed incorrect incorrect " "an agent's odd name is build-failed; mended it is measured; the same is not, unless asked for"
like "$(events | grep '"type":"attempt-scored".*build-failed')" 'avo.conf.*cannot be a candidate' "with the reason"
is "$(tree "$run" refs/avo/attempts/a2)" "$files" "agent: nested files of every kind of text are in the attempt"
like "$(events | grep action-ended)" 'these are the files of a2, which was incorrect' "it is told what the record says"
is "$(count 'evaluator-fault')" 0 "nothing of it was the evaluator's fault"

# --- what is built is what was handed in ----------------------------------------------------

# "cached" of one evaluation; the worker's input stays open until its result is there
build() { # BACKEND SUITE DIR
	: >"$tmp/result"
	{
		printf '{"id":1,"op":"evaluate","backend":"%s","suite":"%s","candidate":"%s","cache":"%s","max_seconds":0.1}\n' "$1" "$2" "$3" "$tmp/cache"
		wait_for 120 grep -q '"event":"result"' "$tmp/result"
	} | "$AVO_TOP_BUILDDIR/avo-worker" >"$tmp/result" 2>/dev/null
	sed -n 's/.*"event":"result".*"cached":\([a-z]*\).*/\1/p' "$tmp/result"
}
rebuilds() { # BACKEND SUITE DIR
	build "$1" "$2" "$3" >/dev/null
	is "$(build "$1" "$2" "$3")" true "$1: what did not change is not built again"
	for f in $(cd "$3" && find . -type f); do
		echo "/* changed */" >>"$3/$f"
		is "$(build "$1" "$2" "$3")" false "$1: a change of $f is built"
	done
}
mkdir -p "$tmp/cpu/impl/deep"
cp "$AVO_TOP_SRCDIR/kernels/attention/reference/kernel.c" "$tmp/cpu/impl/core.inc"
echo '#include "impl/core.inc"' >"$tmp/cpu/kernel.c"
echo '/* unused */' >"$tmp/cpu/impl/deep/more.hpp"
rebuilds cpu cpu-quick "$tmp/cpu"
echo 'char big[100 << 20] = { 1 };' >>"$tmp/cpu/kernel.c"
like "$("$avo" score "$tmp/cpu" --suite cpu-quick 2>&1)" 'build-failed: the object has .* at most 64 MiB' "an object beyond the limit is build-failed"

# --- the same on CUDA, with a stand-in for the driver ----------------------------------------

mkdir -p "$tmp/cuda/impl/deep"
cat >"$tmp/cuda/impl/works.cuh" <<'CU'
extern "C" __global__ void works(const void *q, const void *k, const void *v, void *o, int a, int b, int c, int d, int e, int f, float g)
{
}
CU
cat >"$tmp/cuda/impl/deep/launch.inc" <<'C'
	struct avo_launch *l = avo_launch(plan, "works", avo_dim(1, 1, p->batch), avo_dim(32, 1, 1), 1024);

	for (int i = 0; i < 4; i++)
		avo_arg_tensor(l, i);
	avo_arg_i32(l, p->q_len), avo_arg_i32(l, p->kv_len), avo_arg_i32(l, p->q_heads), avo_arg_i32(l, p->kv_heads);
	avo_arg_i32(l, p->head_dim), avo_arg_i32(l, p->causal), avo_arg_f32(l, p->scale);
C
echo '#include "impl/works.cuh"' >"$tmp/cuda/kernel.cu"
printf '#include <avo/plan.h>\nint avo_plan(const struct avo_problem *p, struct avo_plan *plan)\n{\n#include "impl/deep/launch.inc"\n\treturn 0;\n}\n' >"$tmp/cuda/plan.c"
AVO_CUDA=$AVO_TOP_BUILDDIR/tests/lib/fake_cuda.so AVO_CUPTI=$tmp/none.so AVO_NVML=$tmp/none.so AVO_CUDNN=$tmp/none.so
export AVO_CUDA AVO_CUPTI AVO_NVML AVO_CUDNN
if [ ! -f "$AVO_CUDA" ]; then
	skip "cuda: every changed file is built" "this build has no CUDA backend"
elif build cuda quick "$tmp/cuda" >/dev/null; grep -q 'NVRTC' "$tmp/result"; then
	skip "cuda: every changed file is built" "no compiler for CUDA is here"
else
	rebuilds cuda quick "$tmp/cuda"
fi
done_testing
