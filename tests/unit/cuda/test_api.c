#include "avo.h"
#include "api_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The list is made from our headers by a script: it must have found something of each. */
static void the_list_is_whole(void **state)
{
	static const char *const wanted[] = {
		"CUDA_SUCCESS", "sizeof(CUtensorMap)", "_Alignof(CUtensorMap)", "offsetof(CUlaunchConfig, numAttrs)",
		"offsetof(CUlaunchAttribute, value)", "sizeof(CUdeviceptr)", "NVRTC_SUCCESS", "CUDNN_ATTR_TENSOR_STRIDES",
		"offsetof(CUpti_ActivityKernel10, localMemoryPerThread)", "CUpti_RangeProfiler_SetConfig_Params_STRUCT_SIZE",
	};
	size_t i, f;

	for (i = 0; i < ARRAY_LEN(wanted); i++) {
		for (f = 0; api_ours[f].name && strcmp(api_ours[f].name, wanted[i]) != 0; f++)
			;
		if (!api_ours[f].name)
			fail_msg("the list of facts lacks %s", wanted[i]);
	}
}

static void ours_are_theirs(void **state)
{
#ifdef HAVE_CUDA_HEADERS
	int different = 0;
	size_t i;

	for (i = 0; api_ours[i].name; i++) {
		assert_string_equal(api_ours[i].name, api_theirs[i].name);
		if (api_ours[i].value == api_theirs[i].value)
			continue;
		print_message("%s is %lld, not %lld\n", api_ours[i].name, api_theirs[i].value, api_ours[i].value);
		different++;
	}
	assert_int_equal(different, 0);
#else
	print_message("the CUDA toolkit's headers are not here (configure --with-cuda-headers=DIR)\n");
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_is_whole),
		cmocka_unit_test(ours_are_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
