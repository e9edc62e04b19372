# tests/unit/kernels
check_PROGRAMS += tests/unit/kernels/test_cpu_kernel
TESTS += tests/unit/kernels/test_cpu_kernel
tests_unit_kernels_test_cpu_kernel_SOURCES = tests/unit/kernels/test_cpu_kernel.c \
	tests/unit/kernels/attention_case.c tests/unit/kernels/attention_case.h \
	tests/unit/kernels/variants.c tests/unit/kernels/variants.h
tests_unit_kernels_test_cpu_kernel_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include
tests_unit_kernels_test_cpu_kernel_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_kernels_test_cpu_kernel_LDADD = $(UNIT_LDADD) -ldl -lm

# the CUDA seeds, as far as a machine without a GPU can tell
check_PROGRAMS += tests/unit/kernels/test_descriptors tests/unit/kernels/test_sm100a_roles
TESTS += tests/unit/kernels/test_descriptors tests/unit/kernels/test_sm100a_roles
tests_unit_kernels_test_descriptors_SOURCES = tests/unit/kernels/test_descriptors.c
tests_unit_kernels_test_descriptors_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include
tests_unit_kernels_test_descriptors_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_kernels_test_descriptors_LDADD = $(CMOCKA_LIBS)
tests_unit_kernels_test_sm100a_roles_SOURCES = tests/unit/kernels/test_sm100a_roles.c
tests_unit_kernels_test_sm100a_roles_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels
tests_unit_kernels_test_sm100a_roles_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_kernels_test_sm100a_roles_LDADD = $(CMOCKA_LIBS)
if HAVE_CUDA
check_PROGRAMS += tests/unit/kernels/test_cuda_seeds
TESTS += tests/unit/kernels/test_cuda_seeds
tests_unit_kernels_test_cuda_seeds_SOURCES = tests/unit/kernels/test_cuda_seeds.c \
	tests/unit/kernels/variants.c tests/unit/kernels/variants.h
tests_unit_kernels_test_cuda_seeds_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include
tests_unit_kernels_test_cuda_seeds_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_kernels_test_cuda_seeds_LDADD = libavocuda.a $(LIBAVO) $(LIBAVO_LIBS) $(CMOCKA_LIBS)
endif
