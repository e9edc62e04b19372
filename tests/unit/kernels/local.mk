# tests/unit/kernels
check_PROGRAMS += tests/unit/kernels/test_cpu_kernel
TESTS += tests/unit/kernels/test_cpu_kernel
tests_unit_kernels_test_cpu_kernel_SOURCES = tests/unit/kernels/test_cpu_kernel.c \
	tests/unit/kernels/attention_case.c tests/unit/kernels/attention_case.h \
	tests/unit/kernels/variants.c tests/unit/kernels/variants.h
tests_unit_kernels_test_cpu_kernel_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include
tests_unit_kernels_test_cpu_kernel_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_kernels_test_cpu_kernel_LDADD = $(UNIT_LDADD) -ldl -lm
