/* Suite files. Promise: what is accepted is a suite that can be evaluated: bounded, named, with work in every case. */
#include "avo.h"
#include "task/task.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(condition) do { if (!(condition)) abort(); } while (0)

static void check_case(const struct suite *s, int i)
{
	const struct task_case *c = &s->cases[i];
	int j;

	require(c->name[0] && memchr(c->name, '\0', sizeof(c->name)));
	require(c->batch > 0 && c->q_len > 0 && c->kv_len > 0 && c->head_dim > 0);
	require(c->kv_heads > 0 && c->q_heads % c->kv_heads == 0);
	require(case_flops(c) > 0 && isfinite(case_flops(c)) && case_bytes(c) > 0);
	require(case_visible_keys(c, 0) >= 1 && case_visible_keys(c, c->q_len - 1) <= c->kv_len);
	for (j = 0; j < i; j++)
		require(strcmp(s->cases[j].name, c->name) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct suite s;
	struct error err = { 0 };
	enum avo_status st = suite_parse(&s, "fuzz", (const char *)data, size, &err);
	int i;

	if (st != AVO_OK) {
		require(err.status == st && err.text[0]);
		return 0;
	}
	require(s.count >= 1 && s.count <= SCORE_MAX_CASES && s.backend[0] && s.unit[0]);
	for (i = 0; i < s.count; i++)
		check_case(&s, i);
	return 0;
}
