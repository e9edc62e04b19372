#!/bin/sh
# A run among people who use git: what they clean, delete and leave behind costs nothing that the record knows.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
avo=$AVO_TOP_BUILDDIR/avo
export HOME="$work" GIT_CONFIG_NOSYSTEM=1
git config --global user.name somebody
git config --global user.email somebody@localhost
trap 'cd /; rm -rf "$work"' EXIT
go() { timeout 120 "$avo" run r --headless --attempts "$1" >out 2>err; }
refs() { git -C r for-each-ref --format='%(refname) %(objectname)' refs/tags refs/avo; }
notes() { git -C r notes --ref=avo list | cut -d' ' -f2 | sort; }

"$avo" init r --suite cpu-quick >/dev/null
git config -f r/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --ms 200"
git config -f r/avo.conf score.peers false
go 10
is $? 0 "a run of ten attempts" || cat err
versions=$("$avo" status r --json | jq .versions)
ok "$([ "$versions" -gt 1 ]; echo $?)" "has versions"

git -C r clean -fdxq
ok "$([ -s r/.avo/journal/000001.jsonl ]; echo $?)" "git clean -fdx passes the record by"
git -C r stash -aq 2>/dev/null
ok "$([ -s r/.avo/journal/000001.jsonl ]; echo $?)" "git stash -a does"
is "$(git -C r status --porcelain)" "" "git status is quiet"
go 1
is "$? $(git config -f r/avo.conf run.suite)" "0 cpu-quick" "the run goes on, with its avo.conf" || cat err
cp -r r copied && git clone -q r cloned && git -C r worktree add -q ../tree lineage~0 --detach
is "$(git -C copied status --porcelain; "$avo" log copied | wc -l)" "$("$avo" log r | wc -l)" "a copy is a run like it"

refs >wanted && notes >wanted.notes
git -C r tag -l | xargs git -C r tag -d >/dev/null
git -C r for-each-ref --format='delete %(refname)' refs/avo refs/notes | git -C r update-ref --stdin
: >r/.git/refs/tags/v0
go 1
is $? 0 "without its tags, attempts' refs and notes, with an empty tag, a run goes on" || cat err
refs >got && notes >got.notes
is "$(grep -vxFf got wanted; grep -vxFf got.notes wanted.notes)" "" "every one of them is there again"
like "$("$avo" events r --type warning)" 'written again from the record: v0, v1' "and that is said"
is "$(git -C r notes --ref=avo show v1 | tail -1 | jq -r .verdict)" passed "a note has what was measured"
git -C r tag -f v0 v1 >/dev/null 2>&1
go 1
is "$(git -C r rev-parse v0)" "$(sed -n 's/^refs.tags.v0 //p' wanted)" "a tag that was moved is back"
like "$("$avo" events r --type warning)" 'v0 pointed at .* branch mine' "with a word on how to keep what it pointed at"
is "$(git -C r fsck --strict 2>&1 | grep -v '^dangling\|^notice')" "" "git fsck has no complaint"

# an engine that died over the working tree
touch r/.git/avo-writing
sleep 0.1
touch r/.git/index.lock r/.avo-4711-0.tmp
go 1
is "$? $(ls r/.git/index.lock r/.avo-4711-0.tmp r/.git/avo-writing 2>/dev/null)" "0 " "its lock of the index and its temporary file go" || cat err
touch r/.git/index.lock r/.avo-mine.tmp
go 20
is "$? $(ls r/.git/index.lock r/.avo-mine.tmp | wc -l)" "0 2" "those of others stay"
like "$("$avo" events r --type warning)" 'rm .*/r/.git/index.lock' "and a lock in the way is named, with the command that ends it"
rm r/.git/index.lock r/.avo-mine.tmp

# what is measured is what was committed
tree=$(git -C r rev-parse 'lineage^{tree}')
: >"r/.avo/cache/eval/$tree/kernel.c"
echo stray >"r/.avo/cache/eval/$tree/stray.h"
go 1
is "$? $(git hash-object "r/.avo/cache/eval/$tree/kernel.c") $(ls "r/.avo/cache/eval/$tree")" \
	"0 $(git -C r rev-parse "$tree:kernel.c") $(git -C r ls-tree --name-only "$tree")" "an export that was changed is made again" || cat err

mv r/.avo taken
go 1
like "$? $(cat err)" '^1 .*not its record.*git stash list.*avo init NEW --seed' "a run without its record is told from no run, with what can be done"
"$avo" log cloned 2>err
like "$(cat err)" 'not its record' "so is a clone"
done_testing
