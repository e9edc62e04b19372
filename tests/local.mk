# tests: units are cmocka programs that print TAP, shell tests print TAP
# through tests/lib/tap.sh. Each directory adds its own in its local.mk.
UNIT_LDADD = libavocli.a libavoui.a $(LIBAVO) $(LIBAVO_LIBS) $(NCURSES_LIBS) $(CMOCKA_LIBS)
include tests/lib/local.mk
if HAVE_CMOCKA
include tests/unit/base/local.mk
include tests/unit/task/local.mk
include tests/unit/sandbox/local.mk
include tests/unit/score/local.mk
include tests/unit/worker/local.mk
include tests/unit/cuda/local.mk
include tests/unit/journal/local.mk
include tests/unit/lineage/local.mk
include tests/unit/control/local.mk
include tests/unit/knowledge/local.mk
include tests/unit/llm/local.mk
include tests/unit/agent/local.mk
include tests/unit/operator/local.mk
include tests/unit/engine/local.mk
include tests/unit/cli/local.mk
include tests/unit/ui/local.mk
include tests/unit/kernels/local.mk
endif
include tests/screens/local.mk
include tests/e2e/local.mk
include tests/gpu/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk

# The unit tests once more, plain, under valgrind (not in a sanitized build).
VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
	--child-silent-after-fork=yes
check-valgrind: $(check_PROGRAMS)
	@status=0; for t in $(VALGRIND_TESTS); do \
		echo "valgrind $$t"; $(AM_TESTS_ENVIRONMENT) AVO_UNDER_VALGRIND=1 $(VALGRIND) ./$$t >$$t.valgrind 2>&1 || { status=1; tail -n 40 $$t.valgrind; }; \
	done; exit $$status
.PHONY: check-valgrind
VALGRIND_TESTS = tests/unit/base/test_base
