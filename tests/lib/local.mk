# tests/lib: what several kinds of tests use. mkrun builds the fixture run.
EXTRA_DIST += tests/lib/tap.sh tests/lib/unit.sh tests/lib/mkrun.sh
TESTS += tests/lib/mkrun.sh
tests/lib/mkrun.log: tests/lib/journal_check$(EXEEXT)
check_PROGRAMS += tests/lib/mkrun
tests_lib_mkrun_SOURCES = tests/lib/mkrun.c tests/lib/mkrun.h tests/lib/mkrun_kernel.c tests/lib/mkrun_profile.c tests/lib/mkrun_score.c
tests_lib_mkrun_LDADD = $(LIBAVO) $(LIBAVO_LIBS)

# journal_check: holds journals against the table of events.
check_PROGRAMS += tests/lib/journal_check
tests_lib_journal_check_SOURCES = tests/lib/journal_check.c
tests_lib_journal_check_LDADD = $(LIBAVO) $(LIBAVO_LIBS)

# fake_worker: the worker protocol without any work, for tests of the engine.
check_PROGRAMS += tests/lib/fake_worker
tests_lib_fake_worker_SOURCES = tests/lib/fake_worker.c
tests_lib_fake_worker_LDADD = $(LIBAVO) $(LIBAVO_LIBS)

# model_script: a scripted model server, for tests of the whole engine.
check_PROGRAMS += tests/lib/model_script
tests_lib_model_script_SOURCES = tests/lib/model_script.c tests/lib/model_server.c tests/lib/model_server.h tests/lib/model_judge.c tests/lib/model_turn.c tests/lib/model_tls.c tests/lib/model_tls.h tests/lib/model_h2.c tests/lib/model_h2.h
tests_lib_model_script_LDADD = $(LIBAVO) $(LIBAVO_LIBS) $(OPENSSL_LIBS)

# model_relay: between avo and a real model server; checks what passes.
check_PROGRAMS += tests/lib/model_relay
tests_lib_model_relay_SOURCES = tests/lib/model_relay.c tests/lib/model_server.h tests/lib/model_judge.c
tests_lib_model_relay_LDADD = $(LIBAVO) $(LIBAVO_LIBS)

# tell: any command of the control protocol, for what avo itself never says.
check_PROGRAMS += tests/lib/tell
tests_lib_tell_SOURCES = tests/lib/tell.c
tests_lib_tell_LDADD = $(LIBAVO) $(LIBAVO_LIBS)

# fake_cuda: the CUDA driver's calls over host memory.
EXTRA_DIST += tests/lib/fake_cuda.c
CLEANFILES += tests/lib/fake_cuda.so
tests/lib/fake_cuda.so: tests/lib/fake_cuda.c src/worker/cuda/trusted_abi.h src/task/fill_code.h src/worker/cuda/api/driver_api.h
	$(AM_V_CCLD)$(MKDIR_P) tests/lib && \
		$(CC) -I$(top_srcdir)/src -std=gnu11 -O2 -Wall -fPIC -shared -o $@ $(srcdir)/tests/lib/fake_cuda.c -lm

# fake_cupti: the calls of CUPTI that count.
EXTRA_DIST += tests/lib/fake_cupti.c
CLEANFILES += tests/lib/fake_cupti.so
tests/lib/fake_cupti.so: tests/lib/fake_cupti.c src/worker/cuda/api/cupti_api.h src/worker/cuda/api/driver_api.h
	$(AM_V_CCLD)$(MKDIR_P) tests/lib && \
		$(CC) -I$(top_srcdir)/src -std=gnu11 -O2 -Wall -fPIC -shared -o $@ $(srcdir)/tests/lib/fake_cupti.c -lm

# otherhost: another host of the same file system, with locks of its own.
EXTRA_DIST += tests/lib/otherhost.c
CLEANFILES += tests/lib/otherhost.so
tests/lib/otherhost.so: tests/lib/otherhost.c
	$(AM_V_CCLD)$(MKDIR_P) tests/lib && $(CC) -std=gnu11 -O2 -Wall -fPIC -shared -o $@ $(srcdir)/tests/lib/otherhost.c
