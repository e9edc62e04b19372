# tests/unit/llm
MODEL_SERVER = tests/lib/model_server.c tests/lib/model_server.h tests/lib/model_judge.c tests/lib/model_turn.c
check_PROGRAMS += tests/unit/llm/test_wires tests/unit/llm/test_message tests/unit/llm/test_client
TESTS += tests/unit/llm/test_wires tests/unit/llm/test_message tests/unit/llm/test_client
tests_unit_llm_test_wires_SOURCES = tests/unit/llm/test_wires.c $(MODEL_SERVER)
tests_unit_llm_test_wires_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_llm_test_wires_LDADD = $(UNIT_LDADD)
tests_unit_llm_test_message_SOURCES = tests/unit/llm/test_message.c
tests_unit_llm_test_message_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_llm_test_message_LDADD = $(UNIT_LDADD)
tests_unit_llm_test_client_SOURCES = tests/unit/llm/test_client.c $(MODEL_SERVER)
tests_unit_llm_test_client_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_llm_test_client_LDADD = $(UNIT_LDADD)
