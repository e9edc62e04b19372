# TAP for shell tests: source it, call ok/is/like/skip, end with done_testing.
tap_count=0

ok() { # ok STATUS NAME
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		echo "not ok $tap_count - $2"
		return 1
	fi
}

pass() { ok 0 "$1"; }
fail() { ok 1 "$1"; }

is() { # is GOT WANTED NAME
	if [ "$1" = "$2" ]; then
		ok 0 "$3"
	else
		ok 1 "$3"
		printf '# got:    %s\n# wanted: %s\n' "$1" "$2" | sed '2,$s/^[^#]/# &/'
		return 1
	fi
}

like() { # like TEXT GREP-PATTERN NAME
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		ok 0 "$3"
	else
		ok 1 "$3"
		printf '%s\n' "$1" | sed 's/^/# /' | head -40
		echo "# does not match: $2"
		return 1
	fi
}

unlike() { # unlike TEXT GREP-PATTERN NAME
	if printf '%s\n' "$1" | grep -Eq -- "$2"; then
		ok 1 "$3"
		echo "# matches: $2"
		return 1
	fi
	ok 0 "$3"
}

skip() { # skip NAME REASON
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

skip_all() { # skip_all REASON
	echo "1..0 # SKIP $1"
	exit 0
}

# journal_keeps RUN: every event of its journal is one of the table in src/journal/schema.c
journal_keeps() {
	tap_words=$("$AVO_TOP_BUILDDIR/tests/lib/journal_check" "$1"/.avo/journal/*.jsonl 2>&1)
	is "$?:$tap_words" "0:" "the journal of ${1##*/} holds what the table of events says"
}

done_testing() { echo "1..$tap_count"; }

# Waits until a command succeeds: wait_for SECONDS COMMAND...
wait_for() {
	tap_until=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$tap_until" ] || return 1
		sleep 0.05
	done
}
