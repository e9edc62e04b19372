#include "avo.h"
#include "base/mem.h"

static void (*die_hook)(void);

void mem_set_die_hook(void (*hook)(void))
{
	die_hook = hook;
}

static void AVO_NORETURN die_out_of_memory(size_t size)
{
	if (die_hook)
		die_hook();
	fprintf(stderr, "avo: out of memory (%zu bytes wanted)\n", size);
	exit(3);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		die_out_of_memory(size);
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		die_out_of_memory(count * size);
	return p;
}

void *xrealloc(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		die_out_of_memory(size);
	return p;
}

void *xgrow(void *array, size_t *capacity, size_t need, size_t element_size)
{
	size_t cap = *capacity ? *capacity : 8;

	if (need <= *capacity)
		return array;
	while (cap < need) {
		if (cap > SIZE_MAX / 2 / element_size)
			die_out_of_memory(SIZE_MAX);
		cap *= 2;
	}
	*capacity = cap;
	return xrealloc(array, cap * element_size);
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t len)
{
	char *p = xmalloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		die_out_of_memory(0);
	return p;
}
