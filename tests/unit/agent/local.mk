# tests/unit/agent
check_PROGRAMS += tests/unit/agent/test_memory tests/unit/agent/test_tools
TESTS += tests/unit/agent/test_memory tests/unit/agent/test_tools
tests_unit_agent_test_memory_SOURCES = tests/unit/agent/test_memory.c
tests_unit_agent_test_memory_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_agent_test_memory_LDADD = $(UNIT_LDADD)
tests_unit_agent_test_tools_SOURCES = tests/unit/agent/test_tools.c
tests_unit_agent_test_tools_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_agent_test_tools_LDADD = $(UNIT_LDADD)
AGENT_BENCH = tests/unit/agent/bench.c tests/unit/agent/bench.h $(MODEL_SERVER)
check_PROGRAMS += tests/unit/agent/test_operator tests/unit/agent/test_monkey
TESTS += tests/unit/agent/test_operator tests/unit/agent/test_monkey
tests_unit_agent_test_operator_SOURCES = tests/unit/agent/test_operator.c $(AGENT_BENCH)
tests_unit_agent_test_operator_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_agent_test_operator_LDADD = $(MODEL_LDADD)
tests_unit_agent_test_monkey_SOURCES = tests/unit/agent/test_monkey.c $(AGENT_BENCH)
tests_unit_agent_test_monkey_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_agent_test_monkey_LDADD = $(MODEL_LDADD)
