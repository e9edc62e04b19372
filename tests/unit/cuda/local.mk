# tests/unit/cuda: what of the CUDA backend can be tested without a GPU
CUDA_UNIT_TESTS = tests/unit/cuda/test_cuda_offline tests/unit/cuda/test_plan
check_PROGRAMS += $(CUDA_UNIT_TESTS)
TESTS += $(CUDA_UNIT_TESTS)
tests_unit_cuda_test_plan_SOURCES = tests/unit/cuda/test_plan.c
tests_unit_cuda_test_plan_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include
tests_unit_cuda_test_plan_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cuda_test_plan_LDADD = libavocuda.a $(UNIT_LDADD)
tests_unit_cuda_test_cuda_offline_SOURCES = tests/unit/cuda/test_cuda_offline.c
tests_unit_cuda_test_cuda_offline_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_cuda_test_cuda_offline_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cuda_test_cuda_offline_LDADD = libavocuda.a $(UNIT_LDADD)

# the worker on a stand-in for the CUDA driver
check_PROGRAMS += tests/unit/cuda/test_fake_device
TESTS += tests/unit/cuda/test_fake_device
tests_unit_cuda_test_fake_device_SOURCES = tests/unit/cuda/test_fake_device.c $(WORKER_CLIENT)
tests_unit_cuda_test_fake_device_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_cuda_test_fake_device_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cuda_test_fake_device_LDADD = libavocuda.a $(UNIT_LDADD)
EXTRA_tests_unit_cuda_test_fake_device_DEPENDENCIES = avo-worker$(EXEEXT) tests/lib/fake_cuda.so tests/lib/fake_cupti.so

# our declarations of the CUDA libraries beside the toolkit's own headers, where those are
check_PROGRAMS += tests/unit/cuda/test_api
TESTS += tests/unit/cuda/test_api
tests_unit_cuda_test_api_SOURCES = tests/unit/cuda/test_api.c tests/unit/cuda/api_facts.h tests/unit/cuda/api_ours.c
if HAVE_CUDA_HEADERS
tests_unit_cuda_test_api_SOURCES += tests/unit/cuda/api_theirs.c
endif
tests_unit_cuda_test_api_CPPFLAGS = $(AM_CPPFLAGS) -idirafter $(CUDA_HEADERS)/include -idirafter $(srcdir)/tests/unit/cuda/headers
tests_unit_cuda_test_api_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cuda_test_api_LDADD = $(CMOCKA_LIBS)
EXTRA_DIST += tests/unit/cuda/api_facts.awk tests/unit/cuda/headers/string
CUDA_API_FILES = $(top_srcdir)/src/worker/cuda/api/driver_api.h $(top_srcdir)/src/worker/cuda/api/nvrtc_api.h \
	$(top_srcdir)/src/worker/cuda/api/cudnn_api.h $(top_srcdir)/src/worker/cuda/api/cupti_api.h
CLEANFILES += tests/unit/cuda/api_list.h
tests/unit/cuda/api_list.h: $(CUDA_API_FILES) tests/unit/cuda/api_facts.awk
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(AWK) -f $(srcdir)/tests/unit/cuda/api_facts.awk $(CUDA_API_FILES) >$@.tmp && mv $@.tmp $@
tests/unit/cuda/test_api-api_ours.$(OBJEXT) tests/unit/cuda/test_api-api_theirs.$(OBJEXT): tests/unit/cuda/api_list.h
