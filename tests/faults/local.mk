# tests/faults: faults injected into a run at work
check_PROGRAMS += tests/faults/arm
tests_faults_arm_SOURCES = tests/faults/arm.c tests/faults/fault.h
tests_faults_arm_CPPFLAGS = -D_GNU_SOURCE $(AM_CPPFLAGS)
EXTRA_DIST += tests/faults/shim.c tests/faults/check.sh tests/faults/run.sh
CLEANFILES += tests/faults/shim.so
tests/faults/shim.so: tests/faults/shim.c tests/faults/fault.h
	$(AM_V_GEN)$(MKDIR_P) tests/faults && \
		$(CC) -I$(top_srcdir) -std=gnu11 -O2 -Wall -fPIC -shared -o $@ $(srcdir)/tests/faults/shim.c -ldl
TESTS += tests/faults/run.sh
tests/faults/run.log: avo$(EXEEXT) tests/lib/fake_worker$(EXEEXT) tests/faults/arm$(EXEEXT) tests/faults/shim.so

# AVO_FAULTS_SECONDS=600 make check-faults: longer than the minute in `check`
check-faults: avo$(EXEEXT) tests/lib/fake_worker$(EXEEXT) tests/faults/arm$(EXEEXT) tests/faults/shim.so
	@AVO_TOP_SRCDIR='$(abs_top_srcdir)' AVO_TOP_BUILDDIR='$(abs_top_builddir)' LC_ALL=C.UTF-8 TZ=UTC $(SHELL) $(srcdir)/tests/faults/run.sh
.PHONY: check-faults
