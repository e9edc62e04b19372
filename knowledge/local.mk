# knowledge: notes in this project's own words, one topic a file, with sources
nobase_dist_pkgdata_DATA += knowledge/hopper-attention.md knowledge/blackwell-attention.md \
	knowledge/candidate-abi.md \
	knowledge/cpu-simd-attention.md \
	knowledge/cuda-execution-memory.md \
	knowledge/flash-attention.md \
	knowledge/online-softmax.md \
	knowledge/profiling.md \
	knowledge/ptx-blackwell.md \
	knowledge/ptx-hopper.md \
	knowledge/values.md
