check_PROGRAMS += tests/unit/lineage/test_lineage tests/unit/lineage/test_crash
TESTS += tests/unit/lineage/test_lineage tests/unit/lineage/test_crash
tests_unit_lineage_test_lineage_SOURCES = tests/unit/lineage/test_lineage.c tests/unit/lineage/fixture.c tests/unit/lineage/fixture.h
tests_unit_lineage_test_lineage_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_lineage_test_lineage_LDADD = $(UNIT_LDADD)
tests_unit_lineage_test_crash_SOURCES = tests/unit/lineage/test_crash.c tests/unit/lineage/fixture.c tests/unit/lineage/fixture.h
tests_unit_lineage_test_crash_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_lineage_test_crash_LDADD = $(UNIT_LDADD)
