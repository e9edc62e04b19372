/*
 * The annotated parameters of a candidate, "#define NAME VALUE // avo: a|b|c",
 * read from its source, and copies of the source with other values.
 */
#ifndef AVO_TESTS_VARIANTS_H
#define AVO_TESTS_VARIANTS_H

#include "base/buf.h"

#define VARIANT_PARAMS_MAX 32
#define VARIANT_CHOICES_MAX 8

struct variant_param {
	char name[32];
	char choices[VARIANT_CHOICES_MAX][16];
	int count;
	int value;		/* index of the value in the source; -1: it is not among the choices */
};

struct variant_space {
	struct variant_param params[VARIANT_PARAMS_MAX];
	int count;
	const char *source;	/* borrowed */
};

/* A point of the space: one choice a parameter. */
struct variant {
	int choice[VARIANT_PARAMS_MAX];
};

/* Aborts on more parameters or choices than fit. */
void variant_space_read(struct variant_space *out, const char *source);
void variant_default(struct variant *out, const struct variant_space *space);
/* Sets one parameter by name; false if there is no such parameter or choice. */
bool variant_set(struct variant *v, const struct variant_space *space, const char *name, const char *choice);
/* The source with the variant's values in place. Appends. */
void variant_write(struct buf *out, const struct variant_space *space, const struct variant *v);
/* "TILE_Q=16 LANES=4 ...". Appends. */
void variant_describe(struct buf *out, const struct variant_space *space, const struct variant *v);

#endif
