# src/worker/cuda: the CUDA backend. Headers of the toolkit are needed to build
# it, its libraries are opened at run time.
if HAVE_CUDA
noinst_LIBRARIES += libavocuda.a
libavocuda_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include -isystem $(top_srcdir)/src/worker/cuda/shim $(CUDA_CPPFLAGS)
libavocuda_a_SOURCES = \
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
endif
EXTRA_DIST += src/worker/cuda/shim/string
