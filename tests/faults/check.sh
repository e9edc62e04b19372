#!/bin/sh
# check.sh RUN ACKNOWLEDGED: what must hold of a run whatever happened to it. Prints each thing that does not, and fails.
# ACKNOWLEDGED holds event lines as a viewer was told them. The engine is dead, stopped, or held while this looks.
run=$1
acknowledged=$2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0

wrong() {
	echo "$1"
	bad=1
}

# The journal's whole lines: a killed writer may have left half of one behind the last.
for segment in "$run"/.avo/journal/*.jsonl; do
	if [ -n "$(tail -c1 "$segment")" ]; then sed '$d' "$segment"; else cat "$segment"; fi
done >"$work/journal"
jq -c . <"$work/journal" >/dev/null 2>&1 || wrong "a line of the journal is no JSON"
gaps=$(jq -r .seq "$work/journal" | awk '$1 != NR { print "seq " $1 " in line " NR; exit }')
[ -z "$gaps" ] || wrong "$gaps"

sort -u "$work/journal" >"$work/known"
grep '}$' "$acknowledged" 2>/dev/null | grep '^{"seq"' | sort -u >"$work/told"
comm -23 "$work/told" "$work/known" >"$work/lost"
[ ! -s "$work/lost" ] || wrong "LOST $(wc -l <"$work/lost") acknowledged events: $(head -c 200 "$work/lost")"

fsck=$(git -C "$run" fsck --strict --no-dangling --no-progress 2>&1) || wrong "git fsck: $fsck"

# recorded TYPE MEMBER REFS: every one in the record has its ref, in order and once; one more ref may be on its way
recorded() {
	jq -r --arg type "$1" --arg id "$2" 'select(.type == $type) | "\(.[$id]) \(.commit)"' "$work/journal" >"$work/recorded"
	awk -v first="$4" '{ sub(/^[a-z]/, "", $1); if ($1 != NR - 1 + first) { print "number " $1 " at place " NR; exit } }' "$work/recorded" >"$work/order"
	[ ! -s "$work/order" ] || wrong "$1: $(cat "$work/order")"
	git -C "$run" for-each-ref --format='%(refname:lstrip=-1) %(objectname)' "$3" | grep "^$5[0-9]" | sort >"$work/refs"
	sort "$work/recorded" >"$work/sorted"
	missing=$(comm -23 "$work/sorted" "$work/refs")
	[ -z "$missing" ] || wrong "$3 lacks or differs: $(echo "$missing" | head -3 | tr '\n' ' ')"
	[ "$(comm -13 "$work/sorted" "$work/refs" | wc -l)" -le 1 ] || wrong "$3 has more than one ref beyond the record"
}
recorded attempt-started attempt refs/avo/attempts 1 a
recorded version version refs/tags 0 v

twice=$(jq -r 'select(.type == "attempt-scored") | .attempt' "$work/journal" | sort | uniq -d)
[ -z "$twice" ] || wrong "scored twice: $twice"

# The branch is the newest version, or one commit ahead of the record; every version has a note.
tip=$(git -C "$run" rev-parse -q --verify refs/heads/lineage) || wrong "the branch is gone"
newest=$(tail -1 "$work/recorded" | cut -d' ' -f2)
[ "$tip" = "$newest" ] || [ "$(git -C "$run" rev-parse -q --verify "$tip^")" = "$newest" ] || wrong "the branch is at $tip, the record at $newest"
git -C "$run" notes --ref=avo list 2>/dev/null | cut -d' ' -f2 | sort >"$work/noted"
cut -d' ' -f2 "$work/recorded" | sort >"$work/commits"
[ -z "$(comm -23 "$work/commits" "$work/noted")" ] || wrong "a version has no note"
exit $bad
