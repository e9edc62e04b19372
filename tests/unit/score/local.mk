# tests/unit/score
check_PROGRAMS += tests/unit/score/test_statistics tests/unit/score/test_evaluator
TESTS += tests/unit/score/test_statistics tests/unit/score/test_evaluator
tests_unit_score_test_statistics_SOURCES = tests/unit/score/test_statistics.c
tests_unit_score_test_statistics_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_score_test_statistics_LDADD = $(UNIT_LDADD)
tests_unit_score_test_evaluator_SOURCES = tests/unit/score/test_evaluator.c
tests_unit_score_test_evaluator_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_score_test_evaluator_LDADD = $(UNIT_LDADD)
