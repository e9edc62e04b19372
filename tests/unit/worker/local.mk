# tests/unit/worker: test_redteam, test_noise and test_protocol run the real avo-worker
WORKER_CLIENT = tests/unit/worker/worker_client.c tests/unit/worker/worker_client.h

check_PROGRAMS += tests/unit/worker/test_redteam
TESTS += tests/unit/worker/test_redteam
tests_unit_worker_test_redteam_SOURCES = tests/unit/worker/test_redteam.c $(WORKER_CLIENT)
tests_unit_worker_test_redteam_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_worker_test_redteam_LDADD = $(UNIT_LDADD)
EXTRA_tests_unit_worker_test_redteam_DEPENDENCIES = avo-worker$(EXEEXT)

check_PROGRAMS += tests/unit/worker/test_noise
TESTS += tests/unit/worker/test_noise
tests_unit_worker_test_noise_SOURCES = tests/unit/worker/test_noise.c $(WORKER_CLIENT)
tests_unit_worker_test_noise_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_worker_test_noise_LDADD = $(UNIT_LDADD)
EXTRA_tests_unit_worker_test_noise_DEPENDENCIES = avo-worker$(EXEEXT)

check_PROGRAMS += tests/unit/worker/test_evaluate
TESTS += tests/unit/worker/test_evaluate
tests_unit_worker_test_evaluate_SOURCES = tests/unit/worker/test_evaluate.c
tests_unit_worker_test_evaluate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_worker_test_evaluate_LDADD = $(WORKER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/worker/test_elf
TESTS += tests/unit/worker/test_elf
tests_unit_worker_test_elf_SOURCES = tests/unit/worker/test_elf.c
tests_unit_worker_test_elf_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_worker_test_elf_LDADD = $(WORKER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/worker/test_compare
TESTS += tests/unit/worker/test_compare
tests_unit_worker_test_compare_SOURCES = tests/unit/worker/test_compare.c
tests_unit_worker_test_compare_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_worker_test_compare_LDADD = $(WORKER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/worker/test_values
TESTS += tests/unit/worker/test_values
tests_unit_worker_test_values_SOURCES = tests/unit/worker/test_values.c \
	tests/unit/worker/fill_device.c tests/unit/worker/fill_device.h
tests_unit_worker_test_values_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include
tests_unit_worker_test_values_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_worker_test_values_LDADD = $(WORKER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/worker/test_protocol
TESTS += tests/unit/worker/test_protocol
tests_unit_worker_test_protocol_SOURCES = tests/unit/worker/test_protocol.c
tests_unit_worker_test_protocol_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_worker_test_protocol_LDADD = $(UNIT_LDADD)
EXTRA_tests_unit_worker_test_protocol_DEPENDENCIES = avo-worker$(EXEEXT)

check_PROGRAMS += tests/unit/worker/test_watch
TESTS += tests/unit/worker/test_watch
tests_unit_worker_test_watch_SOURCES = tests/unit/worker/test_watch.c $(WORKER_CLIENT)
tests_unit_worker_test_watch_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_worker_test_watch_LDADD = libavoworker.a $(UNIT_LDADD)
EXTRA_tests_unit_worker_test_watch_DEPENDENCIES = avo-worker$(EXEEXT)

check_PROGRAMS += tests/unit/worker/test_compiler
TESTS += tests/unit/worker/test_compiler
tests_unit_worker_test_compiler_SOURCES = tests/unit/worker/test_compiler.c $(WORKER_CLIENT)
tests_unit_worker_test_compiler_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_worker_test_compiler_LDADD = $(UNIT_LDADD)
EXTRA_tests_unit_worker_test_compiler_DEPENDENCIES = avo-worker$(EXEEXT)
