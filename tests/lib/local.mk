# tests/lib: what several kinds of tests use. mkrun builds the fixture run.
EXTRA_DIST += tests/lib/tap.sh tests/lib/unit.sh
check_PROGRAMS += tests/lib/mkrun
tests_lib_mkrun_SOURCES = tests/lib/mkrun.c tests/lib/mkrun.h tests/lib/mkrun_kernel.c tests/lib/mkrun_score.c
tests_lib_mkrun_LDADD = $(LIBAVO) $(LIBAVO_LIBS)
