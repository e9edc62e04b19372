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

# the same with the fewest buffers and P in one piece
check_PROGRAMS += tests/unit/kernels/test_sm100a_tight
TESTS += tests/unit/kernels/test_sm100a_tight
tests_unit_kernels_test_sm100a_tight_SOURCES = tests/unit/kernels/test_sm100a_roles.c
tests_unit_kernels_test_sm100a_tight_CPPFLAGS = $(AM_CPPFLAGS) -DKERNEL='"tests/unit/kernels/sm100a_tight.cu"'
tests_unit_kernels_test_sm100a_tight_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_kernels_test_sm100a_tight_LDADD = $(CMOCKA_LIBS)
CLEANFILES += tests/unit/kernels/sm100a_tight.cu
tests/unit/kernels/sm100a_tight.cu: kernels/attention/sm100a/kernel.cu
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's/^#define KV_STAGES .*/#define KV_STAGES 3/; s/^#define P_CHUNKS .*/#define P_CHUNKS 1/' \
		$(top_srcdir)/kernels/attention/sm100a/kernel.cu >$@.tmp && mv $@.tmp $@
tests/unit/kernels/test_sm100a_tight-test_sm100a_roles.$(OBJEXT): tests/unit/kernels/sm100a_tight.cu
check_PROGRAMS += tests/unit/kernels/test_cuda_seeds
TESTS += tests/unit/kernels/test_cuda_seeds
tests_unit_kernels_test_cuda_seeds_SOURCES = tests/unit/kernels/test_cuda_seeds.c \
	tests/unit/kernels/variants.c tests/unit/kernels/variants.h
tests_unit_kernels_test_cuda_seeds_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/kernels/include
tests_unit_kernels_test_cuda_seeds_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_kernels_test_cuda_seeds_LDADD = libavocuda.a $(LIBAVO) $(LIBAVO_LIBS) $(CMOCKA_LIBS)
