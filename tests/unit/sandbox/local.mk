# tests/unit/sandbox
check_PROGRAMS += tests/unit/sandbox/test_sandbox tests/unit/sandbox/test_seal
# test_sandbox is run by sandbox.sh, as several users and with several layers
TESTS += tests/unit/sandbox/test_seal tests/unit/sandbox/sandbox.sh
EXTRA_DIST += tests/unit/sandbox/sandbox.sh
tests_unit_sandbox_test_sandbox_SOURCES = tests/unit/sandbox/test_sandbox.c
tests_unit_sandbox_test_sandbox_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_sandbox_test_sandbox_LDADD = libavoeval.a libavobase.a $(CJSON_LIBS) $(SECCOMP_LIBS) -lm $(CMOCKA_LIBS)
tests_unit_sandbox_test_seal_SOURCES = tests/unit/sandbox/test_seal.c
tests_unit_sandbox_test_seal_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_sandbox_test_seal_LDADD = libavoeval.a libavobase.a $(CJSON_LIBS) $(SECCOMP_LIBS) -lm -lpthread $(CMOCKA_LIBS)
