# kernels: sources that are compiled when a run needs them, installed as data
nobase_dist_pkgdata_DATA = \
	kernels/include/avo/attention.h \
	kernels/include/avo/plan.h \
	kernels/attention/reference/kernel.c \
	kernels/attention/cpu/kernel.c
nobase_dist_pkgdata_DATA += \
	kernels/suites/cpu.suite kernels/suites/cpu-quick.suite \
	kernels/suites/mha.suite kernels/suites/mha-causal.suite kernels/suites/mha-full.suite \
	kernels/suites/gqa4.suite kernels/suites/gqa8.suite kernels/suites/quick.suite \
	kernels/include/avo/device/descriptor.h \
	kernels/include/avo/device/ptx.cuh \
	kernels/include/avo/device/wgmma.cuh \
	kernels/include/avo/device/tcgen05.cuh \
	kernels/attention/reference/kernel.cu \
	kernels/attention/reference/plan.c \
	kernels/attention/sm80/kernel.cu \
	kernels/attention/sm80/plan.c \
	kernels/attention/sm90a/kernel.cu \
	kernels/attention/sm90a/plan.c \
	kernels/attention/sm100a/kernel.cu \
	kernels/attention/sm100a/plan.c
