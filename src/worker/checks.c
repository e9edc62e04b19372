#include "avo.h"
#include "worker/checks.h"

#define MAX_LENGTH 160
#define MAX_LENGTH_TENSOR 700		/* tiles of 128 by 128 in several stages: a pipeline that wraps around more than once */

static const char *const kind_names[] = { [CHECK_FRESH] = "fresh", [CHECK_AGAIN] = "again", [CHECK_CHANGED] = "changed" };

const char *check_kind_name(enum check_kind k)
{
	return kind_names[k];
}

static int between(struct random_source *seeds, int lo, int hi)
{
	return lo + (int)random_below(random_seed(seeds), (uint64_t)(hi - lo + 1));
}

static int pick_head_dim(struct random_source *seeds, const struct suite *suite)
{
	static const int others[] = { 16, 32, 48, 80, 96, 128, 256 };

	/* bf16 is for tensor cores, where a kernel is written for one head_dim */
	if (suite->cases[0].dtype == DTYPE_BF16 || between(seeds, 0, 3))
		return suite->cases[between(seeds, 0, suite->count - 1)].head_dim;
	return others[between(seeds, 0, (int)ARRAY_LEN(others) - 1)];
}

int checks_max_length(const struct suite *suite)
{
	return suite->cases[0].dtype == DTYPE_BF16 ? MAX_LENGTH_TENSOR : MAX_LENGTH;
}

static struct task_case draw_shape(struct random_source *seeds, const struct suite *suite)
{
	struct task_case c = { .name = "hidden", .dtype = suite->cases[0].dtype };
	int most = between(seeds, 0, 1) ? checks_max_length(suite) : MAX_LENGTH;

	c.batch = between(seeds, 1, 2);
	c.kv_heads = between(seeds, 1, 2);
	c.q_heads = c.kv_heads * between(seeds, 1, 4);
	c.head_dim = pick_head_dim(seeds, suite);
	c.causal = between(seeds, 0, 1);
	/* odd, so that no tile size divides it */
	c.q_len = between(seeds, 0, most / 2 - 1) * 2 + 1;
	c.kv_len = c.q_len;
	if (between(seeds, 0, 1))
		c.kv_len = c.causal ? c.q_len + between(seeds, 1, most / 2) : between(seeds, 1, most);
	return c;
}

static void push(struct check *out, int *n, struct task_case c, enum fill fill, enum check_kind kind)
{
	out[(*n)++] = (struct check){ .c = c, .fill = fill, .kind = kind };
}

int checks_draw(struct check out[CHECKS_MAX], const struct suite *suite, struct random_source *seeds, bool few)
{
	int n = 0, fill;
	struct task_case one = draw_shape(seeds, suite), c = draw_shape(seeds, suite);

	push(out, &n, c, FILL_NORMAL, CHECK_FRESH);
	push(out, &n, c, FILL_NORMAL, CHECK_CHANGED);
	push(out, &n, c, FILL_NORMAL, CHECK_AGAIN);
	if (few) {
		push(out, &n, draw_shape(seeds, suite), (enum fill)between(seeds, 1, FILL_COUNT - 1), CHECK_FRESH);
		return n;
	}
	for (fill = 0; fill < FILL_COUNT; fill++)
		push(out, &n, draw_shape(seeds, suite), (enum fill)fill, CHECK_FRESH);
	/* one query over many keys, as in decoding */
	one.q_len = 1;
	push(out, &n, one, FILL_NORMAL, CHECK_FRESH);
	one.kv_len = 1;
	push(out, &n, one, FILL_NORMAL, CHECK_FRESH);
	/* the long rows of one hidden shape of both masks */
	c.kv_len = c.q_len = checks_max_length(suite) - 3;
	c.causal = !c.causal;
	push(out, &n, c, FILL_LATE_MAXIMUM, CHECK_FRESH);
	return n;
}
