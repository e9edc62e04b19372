# tests/unit/engine: with an engine in this process (evolve) and as a daemon (daemon, crash)
ENGINE_RIG = tests/unit/engine/rig.c tests/unit/engine/rig.h
check_PROGRAMS += tests/unit/engine/test_evolve
TESTS += tests/unit/engine/test_evolve
tests_unit_engine_test_evolve_SOURCES = tests/unit/engine/test_evolve.c $(ENGINE_RIG)
tests_unit_engine_test_evolve_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_evolve_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/engine/test_daemon tests/unit/engine/test_crash
TESTS += tests/unit/engine/test_daemon tests/unit/engine/test_crash
tests_unit_engine_test_daemon_SOURCES = tests/unit/engine/test_daemon.c $(ENGINE_RIG)
tests_unit_engine_test_daemon_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_daemon_LDADD = $(UNIT_LDADD)
tests_unit_engine_test_crash_SOURCES = tests/unit/engine/test_crash.c $(ENGINE_RIG)
tests_unit_engine_test_crash_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_engine_test_crash_LDADD = $(UNIT_LDADD)
