# tests/unit/cuda: what of the CUDA backend can be tested without a GPU
if HAVE_CUDA
CUDA_UNIT_TESTS = tests/unit/cuda/test_cuda_offline tests/unit/cuda/test_plan
check_PROGRAMS += $(CUDA_UNIT_TESTS)
TESTS += $(CUDA_UNIT_TESTS)
tests_unit_cuda_test_plan_SOURCES = tests/unit/cuda/test_plan.c
tests_unit_cuda_test_plan_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include $(CUDA_CPPFLAGS)
tests_unit_cuda_test_plan_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cuda_test_plan_LDADD = libavocuda.a $(UNIT_LDADD)
tests_unit_cuda_test_cuda_offline_SOURCES = tests/unit/cuda/test_cuda_offline.c
tests_unit_cuda_test_cuda_offline_CPPFLAGS = $(AM_CPPFLAGS) $(CUDA_CPPFLAGS)
tests_unit_cuda_test_cuda_offline_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cuda_test_cuda_offline_LDADD = libavocuda.a $(UNIT_LDADD)

# the worker on a stand-in for the CUDA driver
check_PROGRAMS += tests/unit/cuda/test_fake_device
TESTS += tests/unit/cuda/test_fake_device
tests_unit_cuda_test_fake_device_SOURCES = tests/unit/cuda/test_fake_device.c $(WORKER_CLIENT)
tests_unit_cuda_test_fake_device_CPPFLAGS = $(AM_CPPFLAGS) $(CUDA_CPPFLAGS)
tests_unit_cuda_test_fake_device_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cuda_test_fake_device_LDADD = libavocuda.a $(UNIT_LDADD)
EXTRA_tests_unit_cuda_test_fake_device_DEPENDENCIES = avo-worker$(EXEEXT) tests/lib/fake_cuda.so tests/lib/fake_cupti.so
endif
