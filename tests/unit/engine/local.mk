# tests/unit/engine: with an engine in this process (evolve) and as a daemon (daemon, crash)
ENGINE_RIG = tests/unit/engine/rig.c tests/unit/engine/rig.h
check_PROGRAMS += tests/unit/engine/test_evolve
TESTS += tests/unit/engine/test_evolve
tests_unit_engine_test_evolve_SOURCES = tests/unit/engine/test_evolve.c $(ENGINE_RIG)
tests_unit_engine_test_evolve_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_evolve_LDADD = $(UNIT_LDADD)
