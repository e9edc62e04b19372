#!/bin/sh
# avo doctor: every capability has a line, the sandbox is really attacked, and
# the exit status says whether the cpu backend can run.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
# The doctor opens the libraries of NVIDIA that are here; with them in the process the leak
# sanitizer's own tracer crashes now and then ("Tracer caught signal 11"). Other errors still count.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS
avo=$AVO_TOP_BUILDDIR/avo
dir=$(mktemp -d /tmp/test-doctor.XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT

can_run=3
[ -x "$AVO_TOP_BUILDDIR/avo-worker" ] && can_run=0

out=$("$avo" doctor "$dir" 2>&1)
is $? $can_run "exit status says whether the cpu backend can run"
for check in compiler worker data sandbox processor clock openblas 'cuda driver' nvrtc cupti cudnn nvml git libgit2 libcurl sqlite \
	cJSON ncurses disk socket terminal locale session; do
	like "$out" "^(ok|note|missing|broken) +$check " "a line for: $check"
done
like "$out" 'connect to the control socket' "the sandbox's self-check is shown"
unlike "$out" "$(printf '\033')" "no escape sequences in a pipe"
is "$(find "$dir" -maxdepth 1 -name '.avo-doctor*' | wc -l)" 0 "nothing is left behind in the directory"

json=$("$avo" doctor --json "$dir")
is "$(printf '%s\n' "$json" | grep -vc '^{.*}$')" 0 "--json: one object a line"
like "$json" '"check":"summary","cpu":(true|false)' "--json ends in a summary"
is "$(printf '%s\n' "$json" | grep -c '"act":')" 16 "--json has every attack"

# a poorer machine: said, with what to do
out=$(AVO_SANDBOX_LAYERS=landlock+seccomp "$avo" doctor "$dir")
like "$out" 'sandbox +landlock\([0-9]+\)\+seccomp|sandbox +(landlock|seccomp)' "fewer layers are named"
out=$(AVO_SANDBOX_LAYERS=none "$avo" doctor "$dir")
is $? 3 "without seccomp no candidate can be sealed: exit status 3"
like "$out" '^ +POSSIBLE +connect by TCP' "what is then possible is said"
like "$out" 'AVO_SANDBOX_LAYERS is set' "and why"

out=$(AVO_CC=/nonexistent/cc "$avo" doctor "$dir")
is $? 3 "no compiler: exit status 3"
like "$out" 'install gcc' "no compiler: what to do"
# names itself, builds nothing
printf '#!/bin/sh\n[ "$1" = --version ] && echo toycc 1.0\n[ "$1" = --version ]\n' >"$dir/toycc"
chmod 755 "$dir/toycc"
chmod 755 "$dir"
out=$(AVO_CC=$dir/toycc "$avo" doctor "$dir")
is $? 3 "a compiler that builds nothing: exit status 3"
like "$out" '^broken +compiler +toycc 1.0' "a compiler that builds nothing is named"

long=$dir/$(printf '%0100d' 0)
mkdir "$long"
like "$("$avo" doctor "$long")" 'socket .*bound through /proc/self/fd' "a long path is no obstacle, and said"
"$avo" doctor a b >/dev/null 2>&1
is $? 2 "two directories: usage"
done_testing
