# tests/unit/worker: against the real avo-worker
check_PROGRAMS += tests/unit/worker/test_redteam
TESTS += tests/unit/worker/test_redteam
WORKER_CLIENT = tests/unit/worker/worker_client.c tests/unit/worker/worker_client.h
tests_unit_worker_test_redteam_SOURCES = tests/unit/worker/test_redteam.c $(WORKER_CLIENT)
tests_unit_worker_test_redteam_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_worker_test_redteam_LDADD = $(UNIT_LDADD)
EXTRA_tests_unit_worker_test_redteam_DEPENDENCIES = avo-worker$(EXEEXT)
