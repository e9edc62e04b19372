#include "avo.h"
#include "base/str.h"
#include "worker/cuda/ptxas.h"

static struct ptxas_kernel *add_kernel(struct ptxas_report *r, const char *name, size_t len)
{
	struct ptxas_kernel *k;

	if (r->count == PTXAS_MAX_KERNELS)
		return NULL;
	k = &r->kernels[r->count++];
	*k = (struct ptxas_kernel){ .registers = -1, .barriers = -1, .shared_bytes = 0 };
	snprintf(k->name, sizeof(k->name), "%.*s", (int)(len < sizeof(k->name) ? len : sizeof(k->name) - 1), name);
	return k;
}

/* The number in front of `word` in a comma-separated line: "Used 168 registers, 16 bytes smem". */
static bool number_before(int *out, const char *line, size_t len, const char *word)
{
	const char *at = memmem(line, len, word, strlen(word));

	if (!at)
		return false;
	while (at > line && (at[-1] == ' ' || (at[-1] >= '0' && at[-1] <= '9')))
		at--;
	*out = (int)strtol(at, NULL, 10);
	return true;
}

static void read_usage(struct ptxas_kernel *k, const char *line, size_t len)
{
	number_before(&k->registers, line, len, " registers");
	number_before(&k->barriers, line, len, " barriers");
	number_before(&k->shared_bytes, line, len, " bytes smem");
	number_before(&k->constant_bytes, line, len, " bytes cmem[0]");
}

static void read_frame(struct ptxas_kernel *k, const char *line, size_t len)
{
	number_before(&k->stack_bytes, line, len, " bytes stack frame");
	number_before(&k->spill_store_bytes, line, len, " bytes spill stores");
	number_before(&k->spill_load_bytes, line, len, " bytes spill loads");
}

static bool contains(const char *line, size_t len, const char *word)
{
	return memmem(line, len, word, strlen(word)) != NULL;
}

static void note_warning(struct ptxas_report *r, const char *line, size_t len)
{
	if (!r->warning[0])
		snprintf(r->warning, sizeof(r->warning), "%.*s", (int)(len < sizeof(r->warning) ? len : sizeof(r->warning) - 1), line);
}

void ptxas_parse(struct ptxas_report *out, const char *log, size_t len)
{
	static const char entry[] = "Compiling entry function '";
	const char *cursor = log, *end = log + len, *line;
	struct ptxas_kernel *current = NULL;
	size_t n;

	memset(out, 0, sizeof(*out));
	while (str_next_line(&cursor, end, &line, &n)) {
		const char *at = memmem(line, n, entry, sizeof(entry) - 1);

		if (at) {
			const char *name = at + sizeof(entry) - 1;
			const char *quote = memchr(name, '\'', (size_t)(line + n - name));

			current = quote ? add_kernel(out, name, (size_t)(quote - name)) : NULL;
		} else if (contains(line, n, "wgmma") && contains(line, n, "serialized")) {
			out->wgmma_serialized = true;
			note_warning(out, line, n);
		} else if (contains(line, n, "Potential Performance Loss")) {
			note_warning(out, line, n);
		} else if (current && contains(line, n, "bytes stack frame")) {
			read_frame(current, line, n);
		} else if (current && contains(line, n, " registers")) {
			read_usage(current, line, n);
		}
	}
}

int ptxas_registers(const struct ptxas_report *r)
{
	int i, most = -1;

	for (i = 0; i < r->count; i++)
		most = r->kernels[i].registers > most ? r->kernels[i].registers : most;
	return most;
}

int ptxas_spills(const struct ptxas_report *r)
{
	int i, sum = 0;

	for (i = 0; i < r->count; i++)
		sum += r->kernels[i].spill_store_bytes + r->kernels[i].spill_load_bytes;
	return r->count ? sum : -1;
}

int ptxas_stack(const struct ptxas_report *r)
{
	int i, most = -1;

	for (i = 0; i < r->count; i++)
		most = r->kernels[i].stack_bytes > most ? r->kernels[i].stack_bytes : most;
	return most;
}

int ptxas_shared(const struct ptxas_report *r)
{
	int i, most = -1;

	for (i = 0; i < r->count; i++)
		most = r->kernels[i].shared_bytes > most ? r->kernels[i].shared_bytes : most;
	return most;
}

void ptxas_first_error(char *out, size_t size, const char *log, size_t len)
{
	const char *cursor = log, *end = log + len, *line;
	size_t n;

	out[0] = '\0';
	while (!out[0] && str_next_line(&cursor, end, &line, &n))
		if (contains(line, n, "error"))
			snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), line);
}
