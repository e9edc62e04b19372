#!/bin/sh
# A run from the command line, as somebody new would: real compiler, real
# worker, real git; approved by hand, stepped, killed, resumed, forked.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
avo=$AVO_TOP_BUILDDIR/avo
trap '"$avo" stop r >/dev/null 2>&1; "$avo" stop f >/dev/null 2>&1; "$avo" stop m >/dev/null 2>&1; cd /; rm -rf "$work"' EXIT

is "$("$avo" init r --suite cpu-quick --gate manual)" "created r; start it with: avo run r" "init says what to do next"
"$avo" init r >/dev/null 2>err
is $? 1 "init does not overwrite a run"
like "$(cat err)" 'r' "and says which"
like "$(git -C r log --format=%s lineage)" '^v0' "the seed is v0"
"$avo" log r >out 2>&1
like "$(cat out)" '^v0' "log shows the seed"
"$avo" pending r >out 2>err
is $? 1 "nothing is pending yet"
like "$(cat err)" 'nothing waits' "and that is said"
for command in pause resume stop; do
	"$avo" $command r >out 2>err
	is $? 1 "$command without an engine is a negative result"
	like "$(cat err)" 'no engine|not running|start' "$command says that no engine runs"
done

"$avo" run r --headless >run.out 2>&1 &
wait_for 90 "$avo" pending r
ok $? "an improved attempt comes to wait for approval" || { sed 's/^/# /' run.out; done_testing; exit 1; }
like "$("$avo" status r)" '^needs you +a[0-9]+ waits' "status says that it needs somebody"
is "$("$avo" status r --json | jq -r .state)" awaiting "status --json: state awaiting"
attempt=$("$avo" pending r --json | jq -r .attempt)
like "$("$avo" diff v0 "$attempt" r)" '^\+#define' "diff shows what it changes"
like "$("$avo" show "$attempt" r)" '^decision +improved against v0' "show says what the decision rests on"
"$avo" run r --headless --time 1s >second.out 2>&1 &
second=$!
like "$("$avo" approve "$attempt" r -m 'because it is faster')" "^$attempt is v1 now, commit [0-9a-f]{7}" "approve commits it"
like "$(git -C r log -1 --format=%B lineage)" 'because it is faster' "my words are in the commit"
like "$(git -C r log -1 --format=%B lineage)" "^Avo-Attempt: $attempt" "and the trailers"
is "$("$avo" log r --json | jq -r .version | tr '\n' ' ')" "v1 v0 " "log --json lists both versions"
"$avo" approve "$attempt" r >/dev/null 2>err
isnt=$?
ok $((isnt == 0)) "what was approved cannot be approved again"
wait_for 90 "$avo" pending r
ok $? "the run goes on to the next one" || "$avo" events r
next=$("$avo" pending r --json | jq -r .attempt)
like "$("$avo" reject "$next" r -m 'too hard to read')" "$next rejected" "reject"
like "$("$avo" events r --type rejected)" 'too hard to read' "the reason is in the journal"

# killed at a bad moment, nothing is lost
before=$("$avo" events r --json | wc -l)
kill -9 "$("$avo" status r --json | jq -r .pid)" 2>/dev/null
wait_for 10 sh -c "$avo status r | grep -q 'not running'"
ok $? "after kill -9 the engine is gone"
after=$("$avo" events r --json | wc -l)
ok $((after < before)) "no event is lost ($before, then $after)"
is "$(git -C r fsck 2>&1 | grep -v dangling | grep -v '^notice')" "" "git fsck is clean"
wait "$second" 2>/dev/null

"$avo" gate manual r >/dev/null 2>&1
versions=$("$avo" log r | wc -l)
"$avo" step r >step.out 2>&1
status=$?
! "$avo" pending r >/dev/null 2>&1 || versions=0	# what waits counts as better, too
is $status $(($("$avo" log r | wc -l) == versions)) "step starts an engine, steps, and stops it; it says whether a version came of it" || cat step.out
like "$(cat step.out)" 'step-started|pending|attempt-scored' "and prints what happened"
like "$("$avo" status r)" 'engine +not running' "it leaves no engine behind"

"$avo" fork v1 f r >out 2>&1
is $? 0 "fork makes a new run from a version" || cat out
is "$(git -C f show lineage:kernel.c | git hash-object --stdin)" "$(git -C r show v1:kernel.c | git hash-object --stdin)" "its seed is that version"

"$avo" replay r --speed 0 >out 2>&1 </dev/null
is "$(wc -l <out | tr -d ' ')" "$("$avo" events r | wc -l | tr -d ' ')" "replay prints every event"
"$avo" report r -o report.md
like "$(cat report.md)" '^\| v1 \|' "report lists the versions"

# the operator is me: the editor opens on the working tree, what it saved is submitted
"$avo" init m --suite cpu-quick --operator manual >/dev/null
cat >edit.sh <<'EDIT'
#!/bin/sh
sed -i 's/^#define ROWS 1 /#define ROWS 4 /; s/^#define LANES 4 /#define LANES 8 /' kernel.c
EDIT
chmod +x edit.sh
VISUAL="$work/edit.sh" "$avo" step m -m 'four rows at once' >out 2>&1
is $? 0 "a manual step" || cat out
like "$("$avo" attempts m)" 'four rows at once' "what the editor saved became an attempt"

"$avo" score "$AVO_TOP_SRCDIR/kernels/attention/cpu" --suite cpu-quick >out 2>&1
is $? 0 "score: the seed passes" || cat out
printf 'int avo_attention(const void *a) { return 0; }\n' >zero.c
"$avo" score zero.c --suite cpu-quick >out 2>&1
is $? 1 "score: a kernel that writes nothing does not" || cat out
like "$(cat out)" '^verdict +incorrect' "its verdict is incorrect"
printf 'int avo_attention(\n' >broken.c
"$avo" score broken.c --suite cpu-quick --json >out 2>&1
is "$(jq -r .verdict out)" build-failed "score --json: build-failed"
"$avo" score nowhere.c >out 2>&1
like "$(cat out)" 'no file' "score of nothing says so"
journal_keeps r
journal_keeps m
done_testing
