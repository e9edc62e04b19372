# tests/unit/control
check_PROGRAMS += tests/unit/control/test_control
TESTS += tests/unit/control/test_control
tests_unit_control_test_control_SOURCES = tests/unit/control/test_control.c
tests_unit_control_test_control_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_control_test_control_LDADD = $(UNIT_LDADD)
