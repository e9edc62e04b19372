# tests/unit/score
check_PROGRAMS += tests/unit/score/test_statistics tests/unit/score/test_evaluator tests/unit/score/test_zoo tests/unit/score/test_result_check
TESTS += tests/unit/score/test_statistics tests/unit/score/test_evaluator tests/unit/score/test_zoo tests/unit/score/test_result_check
tests_unit_score_test_statistics_SOURCES = tests/unit/score/test_statistics.c
tests_unit_score_test_statistics_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_score_test_statistics_LDADD = $(UNIT_LDADD)
tests_unit_score_test_evaluator_SOURCES = tests/unit/score/test_evaluator.c
tests_unit_score_test_evaluator_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_score_test_evaluator_LDADD = $(UNIT_LDADD)
tests_unit_score_test_zoo_SOURCES = tests/unit/score/test_zoo.c
tests_unit_score_test_zoo_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_score_test_zoo_LDADD = $(UNIT_LDADD)
tests_unit_score_test_result_check_SOURCES = tests/unit/score/test_result_check.c
tests_unit_score_test_result_check_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_score_test_result_check_LDADD = $(UNIT_LDADD)
