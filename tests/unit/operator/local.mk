# tests/unit/operator
check_PROGRAMS += tests/unit/operator/test_parameters
TESTS += tests/unit/operator/test_parameters
tests_unit_operator_test_parameters_SOURCES = tests/unit/operator/test_parameters.c
tests_unit_operator_test_parameters_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_operator_test_parameters_LDADD = $(UNIT_LDADD)
