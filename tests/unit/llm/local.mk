# tests/unit/llm
MODEL_SERVER = tests/lib/model_server.c tests/lib/model_server.h tests/lib/model_judge.c tests/lib/model_turn.c tests/lib/model_tls.c tests/lib/model_tls.h tests/lib/model_h2.c tests/lib/model_h2.h
TRIAL = tests/unit/llm/trial.c tests/unit/llm/trial.h $(MODEL_SERVER)
MODEL_LDADD = $(UNIT_LDADD) $(OPENSSL_LIBS)
check_PROGRAMS += tests/unit/llm/test_wires tests/unit/llm/test_message tests/unit/llm/test_client \
	tests/unit/llm/test_network tests/unit/llm/test_key
TESTS += tests/unit/llm/test_wires tests/unit/llm/test_message tests/unit/llm/test_client \
	tests/unit/llm/test_network tests/unit/llm/test_key
tests_unit_llm_test_wires_SOURCES = tests/unit/llm/test_wires.c $(MODEL_SERVER)
tests_unit_llm_test_wires_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_llm_test_wires_LDADD = $(MODEL_LDADD)
tests_unit_llm_test_message_SOURCES = tests/unit/llm/test_message.c
tests_unit_llm_test_message_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_llm_test_message_LDADD = $(UNIT_LDADD)
tests_unit_llm_test_client_SOURCES = tests/unit/llm/test_client.c $(TRIAL)
tests_unit_llm_test_client_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_llm_test_client_LDADD = $(MODEL_LDADD)
tests_unit_llm_test_network_SOURCES = tests/unit/llm/test_network.c $(TRIAL)
tests_unit_llm_test_network_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_llm_test_network_LDADD = $(MODEL_LDADD)
tests_unit_llm_test_key_SOURCES = tests/unit/llm/test_key.c
tests_unit_llm_test_key_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_llm_test_key_LDADD = $(UNIT_LDADD)
