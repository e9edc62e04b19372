#!/bin/sh
# avo knowledge: what is added is found, shown and listed; mistakes are told.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo
tmp=$(mktemp -d /tmp/avo-knowledge-XXXXXX)
trap 'rm -rf "$tmp"' EXIT
run=$tmp/run
"$avo" init "$run" --suite cpu-quick >/dev/null || exit 1
mkdir "$tmp/notes"
printf '# Numbats\n\n## Diet\n\nTermites, and the vexillology of ants.\n' >"$tmp/notes/numbat.md"
printf '<html><h1>Bilby</h1><p>digs &lt;spirals&gt;</p></html>' >"$tmp/notes/bilby.html"

like "$("$avo" knowledge add "$tmp/notes" -r "$run")" '2 documents in' "a folder is added"
like "$("$avo" knowledge search vexillology -r "$run")" 'Numbats > Diet' "a word is found, with its headings"
like "$("$avo" knowledge search --json spirals -r "$run")" '"place":".*bilby.html:' "results cite their place"
section=$("$avo" knowledge search --json vexillology -r "$run" | sed -n 's/.*"section":\([0-9]*\).*/\1/p' | head -1)
like "$("$avo" knowledge show "$section" -r "$run")" 'Termites' "a section is shown in full"
like "$("$avo" knowledge search 'rescaling of the online softmax' -r "$run")" 'online-softmax.md|Online softmax' "avo's own notes are there"
like "$("$avo" knowledge list -r "$run")" 'candidate-abi.md' "and are listed"
"$avo" knowledge search qqqqqq -r "$run" >/dev/null 2>&1
is $? 1 "nothing found is a negative result"
like "$("$avo" knowledge add /does/not/exist -r "$run" 2>&1)" 'does not exist' "a missing source is told"
"$avo" knowledge frobnicate -r "$run" >/dev/null 2>&1
is $? 2 "an unknown verb is a usage error"
rm "$run/.avo/knowledge.db"
like "$("$avo" knowledge search vexillology -r "$run")" 'Numbats > Diet' "the cache is made again from the list of sources"
if command -v pdftotext >/dev/null; then
	echo "%PDF-broken" >"$tmp/broken.pdf"
	like "$("$avo" knowledge add "$tmp/broken.pdf" -r "$run" 2>&1)" 'pdftotext cannot read' "a broken PDF is told"
else
	skip "a broken PDF is told" "pdftotext is not installed"
fi
done_testing
