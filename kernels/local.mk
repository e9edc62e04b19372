# kernels: sources that are compiled when a run needs them, installed as data
nobase_dist_pkgdata_DATA = \
	kernels/include/avo/attention.h \
	kernels/include/avo/baseline.h \
	kernels/include/avo/plan.h \
	kernels/attention/reference/kernel.c \
	kernels/attention/cpu/kernel.c \
	kernels/attention/CPU.md
nobase_dist_pkgdata_DATA += \
	kernels/suites/cpu.suite kernels/suites/cpu-quick.suite \
	kernels/suites/mha.suite kernels/suites/mha-causal.suite kernels/suites/mha-full.suite \
	kernels/suites/mha-hd64.suite kernels/suites/mha-hd256.suite \
	kernels/suites/gqa4.suite kernels/suites/gqa8.suite kernels/suites/quick.suite \
	kernels/include/avo/device/descriptor.h \
	kernels/include/avo/device/ptx.cuh \
	kernels/include/avo/device/cluster.cuh \
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
nobase_dist_pkgdata_DATA += \
	kernels/redteam/cpu/all-zeros.c \
	kernels/redteam/cpu/allocate.c \
	kernels/redteam/cpu/beside-output.c \
	kernels/redteam/cpu/cache-by-pointer.c \
	kernels/redteam/cpu/cache-by-shape.c \
	kernels/redteam/cpu/cache-by-values.c \
	kernels/redteam/cpu/constructor.c \
	kernels/redteam/cpu/crash.c \
	kernels/redteam/cpu/does-not-compile.c \
	kernels/redteam/cpu/endless-loop.c \
	kernels/redteam/cpu/exit-early.c \
	kernels/redteam/cpu/fails.c \
	kernels/redteam/cpu/fake-reply.c \
	kernels/redteam/cpu/fork.c \
	kernels/redteam/cpu/honest.c \
	kernels/redteam/cpu/honest.h \
	kernels/redteam/cpu/indirect-function.c \
	kernels/redteam/cpu/load-time-finaliser.c \
	kernels/redteam/cpu/load-time-relocated-size.c \
	kernels/redteam/cpu/load-time-relocated-tag.c \
	kernels/redteam/cpu/load-time-search-path.c \
	kernels/redteam/cpu/low-precision.c \
	kernels/redteam/cpu/memoise-first.c \
	kernels/redteam/cpu/modify-inputs.c \
	kernels/redteam/cpu/nan.c \
	kernels/redteam/cpu/no-entry-point.c \
	kernels/redteam/cpu/no-maximum.c \
	kernels/redteam/cpu/nondeterministic.c \
	kernels/redteam/cpu/patch-clock.c \
	kernels/redteam/cpu/print.c \
	kernels/redteam/cpu/read-file.c \
	kernels/redteam/cpu/read-parent-memory.c \
	kernels/redteam/cpu/return-v.c \
	kernels/redteam/cpu/scan-memory.c \
	kernels/redteam/cpu/skip-rows.c \
	kernels/redteam/cpu/socket.c \
	kernels/redteam/cpu/suite-only.c \
	kernels/redteam/cpu/thread.c \
	kernels/redteam/cpu/undefined-symbol.c \
	kernels/redteam/cpu/works-after-answering.c \
	kernels/redteam/cpu/works-between-calls.c \
	kernels/redteam/cpu/writable-code.c \
	kernels/redteam/cpu/write-file.c \
	kernels/redteam/cpu/wrong-numbers.c \
	kernels/redteam/cpu/wrong-when-large.c
EXTRA_DIST += kernels/attention/README.md
nobase_dist_pkgdata_DATA += \
	kernels/redteam/cuda/all-zeros-suite.cu \
	kernels/redteam/cuda/all-zeros.cu \
	kernels/redteam/cuda/cache-by-values.cu \
	kernels/redteam/cuda/copies-last-answer.cu \
	kernels/redteam/cuda/diagonal-skipped.cu \
	kernels/redteam/cuda/does-not-compile.cu \
	kernels/redteam/cuda/endless-loop.cu \
	kernels/redteam/cuda/forge.h \
	kernels/redteam/cuda/forges-digest-suite.cu \
	kernels/redteam/cuda/forges-digest.cu \
	kernels/redteam/cuda/grid-barrier-suite.cu \
	kernels/redteam/cuda/grid-barrier.cu \
	kernels/redteam/cuda/honest.cu \
	kernels/redteam/cuda/honest.h \
	kernels/redteam/cuda/keep-in-l2.cu \
	kernels/redteam/cuda/low-precision-exponential-suite.cu \
	kernels/redteam/cuda/low-precision-exponential.cu \
	kernels/redteam/cuda/low-precision-scores-suite.cu \
	kernels/redteam/cuda/low-precision-scores.cu \
	kernels/redteam/cuda/low-precision-sum-suite.cu \
	kernels/redteam/cuda/low-precision-sum.cu \
	kernels/redteam/cuda/memoise-first-suite.cu \
	kernels/redteam/cuda/memoise-first.cu \
	kernels/redteam/cuda/misaligned.cu \
	kernels/redteam/cuda/modify-inputs-suite.cu \
	kernels/redteam/cuda/modify-inputs.cu \
	kernels/redteam/cuda/no-maximum-long.cu \
	kernels/redteam/cuda/no-maximum-suite.cu \
	kernels/redteam/cuda/no-maximum.cu \
	kernels/redteam/cuda/nondeterministic-suite.cu \
	kernels/redteam/cuda/nondeterministic.cu \
	kernels/redteam/cuda/out-of-bounds.cu \
	kernels/redteam/cuda/plan-argument-size.cu \
	kernels/redteam/cuda/plan-crashes.cu \
	kernels/redteam/cuda/plan-does-not-compile.cu \
	kernels/redteam/cuda/plan-endless.cu \
	kernels/redteam/cuda/plan-forks.cu \
	kernels/redteam/cuda/plan-many-launches.cu \
	kernels/redteam/cuda/plan-map-outside.cu \
	kernels/redteam/cuda/plan-no-such-kernel.cu \
	kernels/redteam/cuda/plan-other-abi.cu \
	kernels/redteam/cuda/plan-outside-tensor.cu \
	kernels/redteam/cuda/plan-overlaps-first.cu \
	kernels/redteam/cuda/plan-reads-file.cu \
	kernels/redteam/cuda/plan-refuses.cu \
	kernels/redteam/cuda/plan-shared-memory.cu \
	kernels/redteam/cuda/plan-too-few-arguments.cu \
	kernels/redteam/cuda/scribbles-over-neighbour.cu \
	kernels/redteam/cuda/skip-rows-suite.cu \
	kernels/redteam/cuda/skip-rows.cu \
	kernels/redteam/cuda/suite-only.cu \
	kernels/redteam/cuda/tail-counted-long.cu \
	kernels/redteam/cuda/unwritten-suite.cu \
	kernels/redteam/cuda/unwritten.cu \
	kernels/redteam/cuda/workspace-memory.cu \
	kernels/redteam/cuda/workspace-not-cleared.cu \
	kernels/redteam/cuda/writes-beside-suite.cu \
	kernels/redteam/cuda/writes-beside.cu \
	kernels/redteam/cuda/writes-far-beside-suite.cu \
	kernels/redteam/cuda/writes-far-beside.cu \
	kernels/redteam/cuda/wrong-numbers-suite.cu \
	kernels/redteam/cuda/wrong-numbers.cu
