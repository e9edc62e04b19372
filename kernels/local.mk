# kernels: sources that are compiled when a run needs them, installed as data
nobase_dist_pkgdata_DATA = \
	kernels/include/avo/attention.h \
	kernels/include/avo/plan.h \
	kernels/attention/reference/kernel.c \
	kernels/attention/cpu/kernel.c
