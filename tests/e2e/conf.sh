#!/bin/sh
# What a run was created with is in force: an avo.conf that says something else is asked about, one that is gone comes back.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
avo=$AVO_TOP_BUILDDIR/avo
trap 'cd /; rm -rf "$work"' EXIT

new_run() { # new_run DIR [OPTION...]
	"$avo" init "$@" >/dev/null || return 1
	git config -f "$1/avo.conf" score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --ms 200"
	git config -f "$1/avo.conf" score.peers false
}
go() { timeout 120 "$avo" run "$@" --headless --attempts 1 >out 2>err; } # its status is the command's
remedy() { sed -n 's/^avo run: //p' err | sed 's/ goes on .*//; s/ takes the record.*//'; }
seq_of() { "$avo" status "$1" --json | jq .seq; }

new_run r --suite cpu-quick
go r
is $? 0 "a run goes on with the avo.conf it was created with" || cat err
like "$("$avo" events r --type run-created --json)" '"suite_text":".*"conf":"# Settings' "the journal has the suite's cases and avo.conf"
is "$("$avo" events r --type settings --json | jq -c '.changed[] | select(.key == "score.peers") | [.old, .new]')" '[null,"false"]' \
	"what was changed since is journaled, old and new"

git config -f r/avo.conf run.suite cpu
before=$(seq_of r)
go r
is "$? $(seq_of r)" "1 $before" "another suite: the engine does not start, and nothing is recorded" || cat err
like "$(cat err)" 'avo fork v[0-9]+ NEW .* --suite' "it says how another suite is had"
sh -c "$(remedy)" && go r
is "$? $(git config -f r/avo.conf run.suite)" "0 cpu-quick" "the command that it names goes on" || cat err
git config -f r/avo.conf run.backend cuda
go r
like "$? $(cat err)" '^1 .*run.backend cpu goes on' "another backend likewise"
git config -f r/avo.conf run.backend cpu

: >r/avo.conf
go r
like "$? $(cat err)" '^1 .*mv .*avo.conf.old; avo run' "an emptied avo.conf is not followed"
sh -c "$(remedy | sed 's/; avo run.*//')" && go r
is "$? $(git config -f r/avo.conf run.suite) $(git config -f r/avo.conf score.peers)" "0 cpu-quick false" \
	"out of the way, it comes back from the record with every setting" || cat err
like "$("$avo" events r --type warning)" 'avo.conf was gone and was written again' "and that is said"
printf '[run\n' >r/avo.conf
go r
like "$? $(cat err)" '^[123] .*mend it, or take the record.s back with mv' "one that cannot be parsed is named, with both ways on"
rm r/avo.conf
go r
is "$?" 0 "a deleted one is written again" || cat err
"$avo" fork v0 forked r >/dev/null && is "$(git config -f forked/avo.conf run.suite)" cpu-quick "a fork takes what the record says"

git config -f r/avo.conf budget.attempts 99
go r
is "$("$avo" events r --type settings --json | jq -c '.changed[] | select(.key == "budget.attempts") | [.old, .new]')" '[null,"99"]' \
	"a budget may change, and is journaled"

new_run g --suite cpu-quick --gate manual --operator mutate
git config -f g/avo.conf --unset run.gate
go g
like "$? $(cat err)" '^1 .*run.gate, which is manual' "no gate is opened by a key that is missing"
git config -f g/avo.conf run.gate auto
go g
like "$? $(cat err)" '^1 .*--accept-conf' "nor by one that is edited, without a word"
go g --accept-conf
is "$? $("$avo" status g --json | jq -r .gate)" "0 auto" "with a word it is" || cat err
git config -f g/avo.conf run.gate manual
go g
is "$? $("$avo" status g --json | jq -r .gate)" "0 manual" "a gate is closed by avo.conf alone" || cat err
git config -f g/avo.conf run.operator manual
go g
like "$? $(cat err)" '^1 .*run.operator mutate goes on' "another operator is asked about"

# a suite of one's own, whose path is longer than any field of old
long=a-directory-with-a-name/that-is-longer-than/what-anybody-would-type-by-hand/and-longer
mkdir -p "$long" && cp "$AVO_TOP_SRCDIR/kernels/suites/cpu-quick.suite" "$long/my own.suite"
new_run s --suite "$long/my own.suite"
go s
is "$? $("$avo" status s --json | jq -r .suite)" "0 $(realpath "$long/my own.suite")" "a long path of a suite is kept whole" || cat err
rm -r a-directory-with-a-name
go s
is $? 0 "the suite is in the run: the file outside may go" || cat err
echo '[case]' >>"s/.avo/suite/my own.suite"
go s
is "$? $(grep -c '^\[case\]$' "s/.avo/suite/my own.suite")" "0 0" "a copy that was edited is the journal's again" || cat err
like "$("$avo" events s --type warning)" "copy of its suite had been changed" "and that is said"

# a run of an avo that journaled neither
new_run o --suite cpu-quick
rm -r o/.avo/suite
sed 's/"suite_text":.*,"conf":.*}$/"old":true}/' o/.avo/journal/000001.jsonl >lines && cp lines o/.avo/journal/000001.jsonl
go o
is "$? $("$avo" events o --type settings --json | jq 'has("conf") and has("suite_text")')" "0 true" "an older run opens, and has both from then on" || cat err
done_testing
