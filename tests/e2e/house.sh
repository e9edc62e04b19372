#!/bin/sh
# The house keeps its walls: who may include what, what every file must be.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
cd "$AVO_TOP_SRCDIR" || exit 1

# matches PATTERN DIR...: files under DIR whose includes match
includes() {
	pattern=$1
	shift
	grep -rlE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($pattern)" --include='*.[ch]' "$@" 2>/dev/null
}

is "$(includes 'n?curses|ncursesw/|term\.h' src)" "" "src/ does not know curses"
is "$(includes 'git2|curl/|cuda|cupti|cudnn|nvrtc|sqlite3' ui)" "" "ui/ does not know CUDA, curl, git2 or SQLite"
is "$(includes 'worker/|engine/|operator/|agent/|llm/|knowledge/|score/' ui)" "" "ui/ uses control, journal and lineage only"
is "$(includes 'git2' src | grep -vE '^src/(lineage|base/conf)')" "" "libgit2 is behind src/lineage and base/conf"
is "$(includes 'curl/' src | grep -vE '^src/(llm|engine|cli/doctor)')" "" "libcurl is behind src/llm"
is "$(includes 'sqlite3' src | grep -vE '^src/(knowledge|cli/doctor)')" "" "SQLite is behind src/knowledge"
is "$(includes 'journal/|lineage/|control/|engine/|operator/|agent/|llm/|knowledge/|cli/|ui/' src/base src/task src/sandbox src/candidate src/worker)" "" \
	"base, task, sandbox, candidate and worker depend on nothing above them"
is "$(includes 'engine/|operator/|agent/|llm/|cli/|ui/|control/' src/journal src/lineage src/score)" "" \
	"journal, lineage and score depend on nothing above them"
is "$(includes 'engine/|cli/|ui/' src/operator src/agent src/llm src/knowledge src/control | grep -v '^src/operator/.*settings')" "" \
	"operators know the engine only through operator.h"
is "$(grep -rnE '\b(TODO|FIXME|XXX)\b' --include='*.[ch]' --include='*.cu' src ui kernels)" "" "no promise is left open in the sources"
is "$(grep -rLE '^#include "(avo|ui/[a-z_]+)\.h"' --include='*.c' src ui | grep -v '/prompts/')" "" "every source file starts from avo.h"
long=$(find src ui -name '*.[ch]' -size +20k -exec wc -l {} + | awk '$2 != "total" && $1 > 700 { print $2 ": " $1 }')
is "$long" "" "no source file is over 700 lines"
for room in src/*/ ; do
	name=$(basename "$room")
	grep -q "src/$name/" ARCHITECTURE.md || missing="$missing $name"
done
is "$missing" "" "ARCHITECTURE.md names every room"

# Archives are searched in order: two functions of one name would silently be one.
twice=$(cd "$AVO_TOP_BUILDDIR" && for archive in libavobase.a libavoeval.a libavo.a libavocli.a libavoui.a; do
	nm --defined-only "$archive" 2>/dev/null | awk '$2 ~ /^[TDBC]$/ { print $3 }' | sort -u
done | sort | uniq -d | grep -vE '^__(odr_)?asan|^_?_?ubsan|__local_asan')
is "$twice" "" "no two rooms define the same global name"

# A global name says whose it is: room_verb(), but for the allocators that every room uses.
bare=$(cd "$AVO_TOP_BUILDDIR" && nm --defined-only libavobase.a libavoeval.a libavoworker.a libavocuda.a libavo.a libavocli.a libavoui.a 2>/dev/null |
	awk '$2 ~ /^[TDBRC]$/ { print $3 }' | grep -v _ | grep -vE '^x(calloc|malloc|realloc|strdup|strndup|asprintf|grow)$' | sort -u)
is "$bare" "" "every global function has its room's prefix"
done_testing
