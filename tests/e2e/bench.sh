#!/bin/sh
# avo bench on the CPU: real worker, real times, baselines of the user's own beside the peer.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
seed=$AVO_TOP_SRCDIR/kernels/attention/cpu
command -v jq >/dev/null || skip_all "jq is missing"

"$avo" init r --suite cpu-quick >/dev/null || exit 1
"$avo" run r --headless --attempts 1 >out 2>&1 || { cat out; exit 1; }
cc -std=gnu11 -O2 -march=native -ffast-math -fPIC -shared -I"$AVO_TOP_SRCDIR/kernels/include" -o mine.so "$seed/kernel.c" -lm || exit 1
printf 'int avo_attention(const void *a) { return 0; }\n' | cc -shared -fPIC -x c -o wrong.so - || exit 1

"$avo" bench r -n 3 --baseline ./mine.so,wrong.so,missing.so >out 2>err
is $? 0 "bench with baselines of the user's" || cat out err
for line in '^ +case +best +seed +mine.so' '^ +full-128 +[0-9.]+ ±[0-9.]+ +[0-9.]+ ±' '^ +geomean +[0-9.]+' \
	'^ +best over +seed +mine.so' '^ +full-128 +x[0-9.]+ \[[0-9.]+, [0-9.]+\]' '^best / seed +x[0-9.]+ \[' '^best / mine.so +x[0-9.]+ \[' \
	'^no wrong.so: incorrect on case' '^no missing.so: there is no ' 'of the measured peak'; do
	like "$(cat out)" "$line" "the table has $line" || cat out
done

# one source file, as --seed takes it
cp "$AVO_TOP_SRCDIR/kernels/attention/reference/kernel.c" naive.c
"$avo" bench r -n 3 --baseline naive.c >out 2>err
is $? 0 "bench with a source file as baseline" || cat out err
like "$(cat out)" '^best / naive.c +x[0-9.]+ \[' "it is built and measured beside the rest" || cat out

# relative paths of avo.conf are below the run
cp mine.so r/own.so
git config -f r/avo.conf score.baseline own.so
"$avo" bench r -n 4 --json >out 2>err
is $? 0 "bench --json with a baseline in avo.conf" || cat out err
is "$(jq -r '.peers[0:2] | map(.name) | join(" ")' out)" "seed own.so" "it knows them by their names"
is "$(jq '.peers[1] | .pairs == 4 and (.cases | length) == 2 and .ratio_ci[0] <= .ratio and .ratio <= .ratio_ci[1]' out)" true "ratios are of pairs, with an interval"
is "$(jq '.candidate.scores | map(.n == 4 and .value > 0 and .std >= 0) | all' out)" true "every case has its mean and standard deviation"
is "$(jq '[.observed[] | .peak > 0] | all' out)" true "every case has the peak it is measured against"

# the newest version against itself: one kernel, built twice from the same source
"$avo" init same --suite cpu-quick >/dev/null
"$avo" run same --headless --steps 0 --time 1 >/dev/null 2>&1
"$avo" bench same -n 5 --json >out 2>err
is "$(jq '.peers[0].ratio_ci | .[0] < 1.25 and .[1] > 0.8' out)" true "the seed beside itself: the interval does not deny that it is as fast as itself" || cat out err

"$avo" bench r --suite nonsense >out 2>err
is $? 1 "a suite that is not there is refused"
like "$(cat err)" nonsense "by its name" || cat err

# the peer lines of a run
"$avo" init p --suite cpu-quick >/dev/null
cp mine.so p/own.so
git config -f p/avo.conf score.baseline own.so
"$avo" run p --headless --attempts 1 >out 2>&1
like "$("$avo" events p --type peer --json)" '"name":"own.so"' "a baseline in avo.conf becomes a peer line of the run" || cat out
done_testing
