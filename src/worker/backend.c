#include "avo.h"
#include "worker/backend.h"

static const struct backend_ops *const table[] = {
	&cpu_backend,
	&cuda_backend,
	NULL
};

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

enum avo_status build_read_source(struct source *out, struct build_report *r, const char *dir, struct error *err)
{
	struct error why = { 0 };
	enum avo_status st = source_from_dir(out, dir, SOURCE_CANDIDATE, &why);

	r->verdict = VERDICT_PASSED;
	if (st != AVO_USAGE)
		return st == AVO_OK ? AVO_OK : error_set(err, st, "%s", why.text);
	r->verdict = VERDICT_BUILD_FAILED;
	snprintf(r->error, sizeof(r->error), "%.500s", why.text);
	buf_addstr(&r->log, why.text);
	return AVO_OK;
}
