# src/worker: avo-worker, one program to copy to the machine that computes. It
# links libavobase.a, libavoeval.a, cJSON and libseccomp (static where the machine
# has the archives) and libc; everything else is loaded at run time.
pkglibexec_PROGRAMS = avo-worker
noinst_LIBRARIES += libavoworker.a
avo_worker_SOURCES = src/worker/main.c
avo_worker_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include
libavoworker_a_SOURCES = \
	src/worker/backend.c src/worker/backend.h \
	src/worker/checking.c src/worker/blame.c src/worker/checks.c src/worker/checks.h \
	src/worker/confine.c src/worker/confine.h \
	src/worker/deck.c src/worker/deck.h \
	src/worker/evaluate.c src/worker/evaluation.h src/worker/measure.c src/worker/others.c src/worker/report.c \
	src/worker/job.c src/worker/job.h \
	src/worker/peers.c src/worker/peers.h \
	src/worker/random.c src/worker/random.h \
	src/worker/runner.c src/worker/runner.h \
	src/worker/sample.c src/worker/sample.h \
	src/worker/serve.c src/worker/serve.h \
	src/worker/shapes.c src/worker/shapes.h \
	src/worker/cpu/build.c src/worker/cpu/build.h \
	src/worker/cpu/compare.c src/worker/cpu/compare.h \
	src/worker/cpu/cores.c src/worker/cpu/cores.h \
	src/worker/cpu/cpu.c \
	src/worker/cpu/elf.c src/worker/cpu/elf.h src/worker/cpu/elf_image.c src/worker/cpu/elf_image.h \
	src/worker/cpu/host.c src/worker/cpu/host.h \
	src/worker/cpu/openblas.c src/worker/cpu/openblas.h \
	src/worker/cpu/peak.c src/worker/cpu/peak.h \
	src/worker/cpu/process.c src/worker/cpu/process.h \
	src/worker/cpu/reference.c src/worker/cpu/reference.h \
	src/worker/cpu/values.c src/worker/cpu/values.h \
	src/worker/cpu/watch.c src/worker/cpu/watch.h
libavoworker_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include
WORKER_LIBS = libavoworker.a $(AVO_WORKER_CUDA) libavoeval.a libavobase.a $(WORKER_CJSON_LIBS) $(WORKER_SECCOMP_LIBS) -ldl -lm -lpthread
avo_worker_LDADD = $(WORKER_LIBS)
