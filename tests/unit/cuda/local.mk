# tests/unit/cuda: what of the CUDA backend can be tested without a GPU
if HAVE_CUDA
check_PROGRAMS += tests/unit/cuda/test_cuda_offline
TESTS += tests/unit/cuda/test_cuda_offline
tests_unit_cuda_test_cuda_offline_SOURCES = tests/unit/cuda/test_cuda_offline.c
tests_unit_cuda_test_cuda_offline_CPPFLAGS = $(AM_CPPFLAGS) $(CUDA_CPPFLAGS)
tests_unit_cuda_test_cuda_offline_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cuda_test_cuda_offline_LDADD = libavocuda.a $(UNIT_LDADD)
endif
