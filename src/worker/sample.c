#include "avo.h"
#include "worker/random.h"
#include "worker/sample.h"

static size_t all_rows(const struct task_case *c)
{
	return case_q_elements(c) / (size_t)c->head_dim;
}

size_t sample_count(const struct run_spec *spec)
{
	size_t all = all_rows(spec->c), some = (size_t)(spec->rows > 0 ? spec->rows + spec->deal.count : 0);

	return some && some < all ? some : all;
}

struct sample_row sample_row_of(const struct run_spec *spec, size_t index)
{
	const struct task_case *c = spec->c;
	struct sample_row r = { .index = index };

	r.head = (int)(index % (size_t)c->q_heads);
	index /= (size_t)c->q_heads;
	r.row = (int)(index % (size_t)c->q_len);
	r.batch = (int)(index / (size_t)c->q_len);
	r.slot = fill_deal_slot(&spec->deal, c, r.batch, r.head);
	return r;
}

struct sample_row sample_row(const struct run_spec *spec, uint64_t secret, size_t i)
{
	const struct task_case *c = spec->c;
	int kinds = spec->deal.count, slot = (int)(i % (size_t)kinds), group = c->q_heads / c->kv_heads;
	int pairs = (c->batch * c->kv_heads - slot + kinds - 1) / kinds, pair, head, row;
	uint64_t bits = random_at(secret, i);

	if (sample_count(spec) == all_rows(c))
		return sample_row_of(spec, i);
	pair = slot + kinds * (int)random_below(bits, (uint64_t)pairs);
	head = pair % c->kv_heads * group + (int)random_below(random_mix(bits), (uint64_t)group);
	row = i < (size_t)kinds ? c->q_len - 1 : (int)random_below(random_mix(bits + 1), (uint64_t)c->q_len);
	return sample_row_of(spec, ((size_t)(pair / c->kv_heads) * (size_t)c->q_len + (size_t)row) * (size_t)c->q_heads + (size_t)head);
}
