/*
 * Allocation that does not fail: a program that is out of memory restores the
 * terminal (through the hook), says so, and dies. Buffers that grow on foreign
 * input have a maximum of their own (buf.h); these are for everything else.
 */
#ifndef AVO_BASE_MEM_H
#define AVO_BASE_MEM_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
/* Grows an array so that it holds `need` elements; doubles. */
void *xgrow(void *array, size_t *capacity, size_t need, size_t element_size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Called once, before the message, when the program dies in here. */
void mem_set_die_hook(void (*hook)(void));

#endif
