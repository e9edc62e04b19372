#include "avo.h"
#include "task/task.h"

const char *dtype_name(enum dtype t)
{
	return t == DTYPE_BF16 ? "bf16" : "f32";
}

static double dtype_bytes(enum dtype t)
{
	return t == DTYPE_BF16 ? 2 : 4;
}

size_t case_q_elements(const struct task_case *c)
{
	return (size_t)c->batch * (size_t)c->q_len * (size_t)c->q_heads * (size_t)c->head_dim;
}

size_t case_kv_elements(const struct task_case *c)
{
	return (size_t)c->batch * (size_t)c->kv_len * (size_t)c->kv_heads * (size_t)c->head_dim;
}

int case_visible_keys(const struct task_case *c, int row)
{
	return c->causal ? row + 1 + c->kv_len - c->q_len : c->kv_len;
}

double case_flops(const struct task_case *c)
{
	double keys = c->kv_len;

	if (c->causal) {
		int hidden = c->kv_len > c->q_len ? c->kv_len - c->q_len : 0;

		keys = (hidden + c->kv_len) / 2.0;
	}
	return 4.0 * c->batch * c->q_heads * (double)c->q_len * keys * c->head_dim;
}

double case_bytes(const struct task_case *c)
{
	return dtype_bytes(c->dtype) * 2.0 * ((double)case_q_elements(c) + (double)case_kv_elements(c));
}
