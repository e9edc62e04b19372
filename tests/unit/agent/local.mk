# tests/unit/agent
check_PROGRAMS += tests/unit/agent/test_memory tests/unit/agent/test_tools
TESTS += tests/unit/agent/test_memory tests/unit/agent/test_tools
tests_unit_agent_test_memory_SOURCES = tests/unit/agent/test_memory.c
tests_unit_agent_test_memory_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_agent_test_memory_LDADD = $(UNIT_LDADD)
tests_unit_agent_test_tools_SOURCES = tests/unit/agent/test_tools.c
tests_unit_agent_test_tools_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_agent_test_tools_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/agent/test_operator
TESTS += tests/unit/agent/test_operator
tests_unit_agent_test_operator_SOURCES = tests/unit/agent/test_operator.c $(MODEL_SERVER)
tests_unit_agent_test_operator_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_agent_test_operator_LDADD = $(UNIT_LDADD)
