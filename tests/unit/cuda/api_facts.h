/* What the declarations of the CUDA libraries come to, by name: once for ours, once for the toolkit's. */
#ifndef AVO_TESTS_UNIT_CUDA_API_FACTS_H
#define AVO_TESTS_UNIT_CUDA_API_FACTS_H

struct api_fact {
	const char *name;	/* "CUDA_SUCCESS", "sizeof(CUlaunchConfig)"; ends with NULL */
	long long value;
};

extern const struct api_fact api_ours[], api_theirs[];

#endif
