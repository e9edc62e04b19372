# tests/unit/knowledge
check_PROGRAMS += tests/unit/knowledge/test_knowledge
TESTS += tests/unit/knowledge/test_knowledge
tests_unit_knowledge_test_knowledge_SOURCES = tests/unit/knowledge/test_knowledge.c
tests_unit_knowledge_test_knowledge_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_knowledge_test_knowledge_LDADD = $(UNIT_LDADD)
