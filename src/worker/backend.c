#include "avo.h"
#include "worker/backend.h"

static const struct backend_ops *const table[] = {
	&cpu_backend,
	&cuda_backend,
	NULL
};

static const char *const fill_names[FILL_COUNT] = {
	[FILL_NORMAL] = "normal",
	[FILL_LARGE_SCORES] = "large-scores",
	[FILL_LATE_MAXIMUM] = "late-maximum",
	[FILL_ASCENDING] = "ascending",
	[FILL_CONSTANT_V] = "constant-v",
	[FILL_OFFSET_V] = "offset-v",
};

const char *fill_name(enum fill f)
{
	return fill_names[f];
}

const struct backend_ops *const *backend_table(void)
{
	return table;
}

const struct backend_ops *backend_find(const char *name)
{
	int i;

	for (i = 0; name && table[i]; i++)
		if (strcmp(table[i]->name, name) == 0)
			return table[i];
	return NULL;
}

void build_report_init(struct build_report *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->log, (size_t)64 << 10);
	r->registers = r->spills = r->stack_bytes = r->shared_bytes = -1;
}

void build_report_release(struct build_report *r)
{
	buf_release(&r->log);
}
