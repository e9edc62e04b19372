# tests/unit/task
check_PROGRAMS += tests/unit/task/test_suite
TESTS += tests/unit/task/test_suite
tests_unit_task_test_suite_SOURCES = tests/unit/task/test_suite.c
tests_unit_task_test_suite_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_task_test_suite_LDADD = $(UNIT_LDADD)
