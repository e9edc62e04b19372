# tests/unit/candidate
check_PROGRAMS += tests/unit/candidate/test_parameters tests/unit/candidate/test_source
TESTS += tests/unit/candidate/test_parameters tests/unit/candidate/test_source
tests_unit_candidate_test_parameters_SOURCES = tests/unit/candidate/test_parameters.c
tests_unit_candidate_test_parameters_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_candidate_test_parameters_LDADD = $(UNIT_LDADD)
tests_unit_candidate_test_source_SOURCES = tests/unit/candidate/test_source.c
tests_unit_candidate_test_source_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_candidate_test_source_LDADD = $(UNIT_LDADD)
