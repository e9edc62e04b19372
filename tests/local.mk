# tests: units are cmocka programs that print TAP, shell tests print TAP
# through tests/lib/tap.sh. Each directory adds its own in its local.mk.
UNIT_LDADD = libavocli.a libavoui.a $(LIBAVO) $(LIBAVO_LIBS) $(NCURSES_LIBS) $(CMOCKA_LIBS)
include tests/lib/local.mk
if HAVE_CMOCKA
include tests/unit/base/local.mk
include tests/unit/task/local.mk
include tests/unit/sandbox/local.mk
include tests/unit/candidate/local.mk
include tests/unit/score/local.mk
include tests/unit/worker/local.mk
include tests/unit/cuda/local.mk
include tests/unit/journal/local.mk
include tests/unit/lineage/local.mk
include tests/unit/control/local.mk
include tests/unit/knowledge/local.mk
include tests/unit/llm/local.mk
include tests/unit/agent/local.mk
include tests/unit/engine/local.mk
include tests/unit/cli/local.mk
include tests/unit/ui/local.mk
include tests/unit/kernels/local.mk
endif
include tests/screens/local.mk
include tests/e2e/local.mk
include tests/gpu/local.mk
include tests/fuzz/local.mk
include tests/faults/local.mk
include tests/bench/local.mk

# The unit tests once more under valgrind, in a build without sanitizers. Left out:
#   sandbox/*, agent/test_tools, agent/test_race, agent/test_operator, agent/test_monkey	valgrind 3.19 does not know Landlock and seccomp
#   kernels/test_cpu_kernel, kernels/test_cuda_seeds	load candidates built for this processor, with AVX-512 where it has it
#   worker/test_noise, worker/test_redteam, worker/test_protocol, cuda/test_fake_device	the real worker: seals itself, measures time
#   journal/test_writer, lineage/test_crash, engine/test_crash, engine/test_daemon	kill processes at moments of real time, mount
#   engine/test_evolve, llm/test_client, llm/test_network, agent/test_doctor	promise times
#   llm/test_key	starts itself anew, to look at its first environment
#   score/test_statistics, llm/test_wires	minutes: thousands of simulated runs, every way to cut a stream
VALGRIND_TESTS = \
	tests/unit/base/test_base tests/unit/task/test_suite tests/unit/control/test_control \
	tests/unit/journal/test_journal tests/unit/journal/test_state tests/unit/lineage/test_lineage \
	tests/unit/knowledge/test_knowledge tests/unit/candidate/test_parameters tests/unit/candidate/test_source tests/unit/score/test_evaluator \
	tests/unit/llm/test_message tests/unit/agent/test_memory tests/unit/engine/test_bounds \
	tests/unit/engine/test_supervisor tests/unit/worker/test_compare tests/unit/worker/test_evaluate \
	tests/unit/kernels/test_descriptors tests/unit/kernels/test_sm100a_roles tests/unit/kernels/test_sm100a_tight $(UI_TESTS)
VALGRIND_TESTS += tests/unit/cuda/test_plan
VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
	--child-silent-after-fork=yes --suppressions=$(srcdir)/tests/lib/valgrind.supp
EXTRA_DIST += tests/lib/valgrind.supp
CLEANFILES += tests/unit/*/*.valgrind
.PHONY: check-valgrind
if SANITIZED
check-valgrind:
	@echo "check-valgrind: this build has sanitizers, which valgrind cannot run; configure another without them" >&2; exit 1
else
check-valgrind: $(check_PROGRAMS)
	@clean=0; failed=0; $(AM_TESTS_ENVIRONMENT) for t in $(VALGRIND_TESTS); do \
		if $(VALGRIND) ./$$t >$$t.valgrind 2>&1; then clean=$$((clean + 1)); \
		else failed=$$((failed + 1)); echo "FAIL: $$t under valgrind (all of it: $$t.valgrind)"; tail -n 40 $$t.valgrind; fi; \
	done; echo "valgrind: $$clean programs clean, $$failed with errors"; test $$failed -eq 0
endif
