#!/bin/sh
# A run of many attempts does not fill its repository with small files, and packing loses none of them.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
avo=$AVO_TOP_BUILDDIR/avo
trap '"$avo" stop r >/dev/null 2>&1; cd /; rm -rf "$work"' EXIT

"$avo" init r >/dev/null
git config -f r/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --versions 0.1"
git config -f r/avo.conf score.peers false
timeout 300 "$avo" run r --headless --attempts 300 >out 2>&1
is "$?" 0 "300 attempts" || cat out
is "$("$avo" status r --json | jq .attempts)" 300 "are in the record"
loose_refs=$(find r/.git/refs/avo -type f | wc -l)
ok "$([ "$loose_refs" -le 272 ]; echo $?)" "refs were packed on the way: $loose_refs lie loose"
ok "$([ "$(find r/.git/objects/pack -name '*.pack' | wc -l)" -ge 1 ]; echo $?)" "and objects"
loose=$(find r/.git/objects/?? -type f | wc -l)
ok "$([ "$loose" -lt 900 ]; echo $?)" "$loose objects lie loose"
is "$(git -C r for-each-ref refs/avo/attempts | wc -l)" 300 "every attempt has its ref"
is "$(git -C r for-each-ref --format='%(objectname)' refs/avo/attempts | sort)" \
	"$("$avo" events r --type attempt-started --json | jq -r .commit | sort)" "which is the commit of the record"
is "$(git -C r for-each-ref --format='%(objectname)' refs/tags | sort)" \
	"$("$avo" events r --type version --json | jq -r .commit | sort)" "every version its tag"
is "$(git -C r fsck --strict --no-dangling --no-progress 2>&1)" "" "and git finds nothing amiss"
journal_keeps r
done_testing
