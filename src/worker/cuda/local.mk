# src/worker/cuda: the CUDA backend. What of the libraries is used is declared in api/,
# the libraries themselves are opened at run time.
noinst_LIBRARIES += libavocuda.a
libavocuda_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include
libavocuda_a_SOURCES = \
	src/worker/cuda/api/cudnn_api.h src/worker/cuda/api/cupti_api.h \
	src/worker/cuda/api/driver_api.h src/worker/cuda/api/nvrtc_api.h \
	src/worker/cuda/baseline.c \
	src/worker/cuda/build.c \
	src/worker/cuda/candidate.c src/worker/cuda/candidate.h \
	src/worker/cuda/compiler.c src/worker/cuda/compiler.h src/worker/cuda/nvcc.c src/worker/cuda/nvcc.h \
	src/worker/cuda/facts.c \
	src/worker/cuda/gpu.c src/worker/cuda/gpu.h \
	src/worker/cuda/keeper.c \
	src/worker/cuda/library.c src/worker/cuda/library.h \
	src/worker/cuda/launch.c src/worker/cuda/launch.h \
	src/worker/cuda/profile.c src/worker/cuda/profile.h \
	src/worker/cuda/runner.c src/worker/cuda/runner.h \
	src/worker/cuda/slots.c src/worker/cuda/slots.h \
	src/worker/cuda/fill.c src/worker/cuda/fill.h \
	src/worker/cuda/judge.c src/worker/cuda/judge.h \
	src/worker/cuda/memory.c src/worker/cuda/memory.h \
	src/worker/cuda/reference.c src/worker/cuda/reference.h \
	src/worker/cuda/trusted.c src/worker/cuda/trusted.h src/worker/cuda/trusted_abi.h \
	src/worker/cuda/values.c src/worker/cuda/values.h \
	src/worker/cuda/counters.c src/worker/cuda/counters.h \
	src/worker/cuda/cudnn.c src/worker/cuda/cudnn.h \
	src/worker/cuda/dl.c src/worker/cuda/dl.h \
	src/worker/cuda/driver.c src/worker/cuda/driver.h \
	src/worker/cuda/metrics.c src/worker/cuda/metrics.h \
	src/worker/cuda/nvrtc.c src/worker/cuda/nvrtc.h \
	src/worker/cuda/planner.c src/worker/cuda/planner.h \
	src/worker/cuda/ptxas.c src/worker/cuda/ptxas.h \
	src/worker/cuda/validate.c \
	src/worker/cuda/telemetry.c src/worker/cuda/telemetry.h
nodist_libavocuda_a_SOURCES = src/worker/cuda/trusted_cu.h
BUILT_SOURCES += src/worker/cuda/trusted_cu.h
CLEANFILES += src/worker/cuda/trusted_cu.h
src/worker/cuda/trusted_cu.h: src/task/fill_code.h src/worker/cuda/trusted_abi.h src/worker/cuda/trusted.cu src/worker/cuda/embed.awk
	$(AM_V_GEN)$(MKDIR_P) src/worker/cuda && $(AWK) -v name=trusted_source -f $(srcdir)/src/worker/cuda/embed.awk \
		$(srcdir)/src/task/fill_code.h $(srcdir)/src/worker/cuda/trusted_abi.h $(srcdir)/src/worker/cuda/trusted.cu >$@.tmp && mv $@.tmp $@
src/worker/cuda/libavocuda_a-build.$(OBJEXT): src/worker/cuda/trusted_cu.h
AVO_WORKER_CUDA = libavocuda.a libavoworker.a
EXTRA_DIST += src/worker/cuda/trusted.cu src/worker/cuda/embed.awk
