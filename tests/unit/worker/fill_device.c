/* task/fill_code.h as a device compiler sees it, with the intrinsics' meaning in C. */
#define __CUDACC__
#define __device__
#define __forceinline__ inline __attribute__((unused))
#define __fmul_rn(a, b) ((float)((a) * (b)))
#define __fadd_rn(a, b) ((float)((a) + (b)))
#define __fdiv_rn(a, b) ((float)((a) / (b)))
#define ldexpf __builtin_ldexpf
#include "task/fill_code.h"

#include "fill_device.h"

void fill_device_row(float *out, const struct fill_recipe *recipes, const struct fill_shape *s, unsigned long long seed, int tensor, int b,
		     int position, int head)
{
	struct fill_row row;
	int x;

	fill_row_begin(&row, recipes, s, seed, tensor, b, position, head);
	for (x = 0; x < s->head_dim; x++)
		out[x] = fill_element(&row, x);
}
