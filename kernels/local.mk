# kernels: sources that are compiled when a run needs them, installed as data
nobase_dist_pkgdata_DATA = \
	kernels/include/avo/attention.h \
	kernels/include/avo/plan.h \
	kernels/attention/reference/kernel.c \
	kernels/attention/cpu/kernel.c
nobase_dist_pkgdata_DATA += \
	kernels/suites/cpu.suite kernels/suites/cpu-quick.suite \
	kernels/suites/mha.suite kernels/suites/mha-causal.suite kernels/suites/mha-full.suite \
	kernels/suites/gqa4.suite kernels/suites/gqa8.suite kernels/suites/quick.suite
