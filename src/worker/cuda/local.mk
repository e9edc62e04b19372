# src/worker/cuda: the CUDA backend. Headers of the toolkit are needed to build
# it, its libraries are opened at run time.
if HAVE_CUDA
noinst_LIBRARIES += libavocuda.a
libavocuda_a_CPPFLAGS = $(AM_CPPFLAGS) -isystem $(top_srcdir)/src/worker/cuda/shim $(CUDA_CPPFLAGS)
libavocuda_a_SOURCES = \
	src/worker/cuda/counters.c src/worker/cuda/counters.h \
	src/worker/cuda/cudnn.c src/worker/cuda/cudnn.h \
	src/worker/cuda/dl.c src/worker/cuda/dl.h \
	src/worker/cuda/metrics.c src/worker/cuda/metrics.h \
	src/worker/cuda/telemetry.c src/worker/cuda/telemetry.h
endif
EXTRA_DIST += src/worker/cuda/shim/string
