#include "avo.h"
#include "candidate/identity.h"

void identity_add(struct sha256 *s, const struct source *source)
{
	char count[24];
	size_t i;

	snprintf(count, sizeof(count), "%zu files", source->count);
	sha256_add_text(s, count, strlen(count));
	for (i = 0; i < source->count; i++) {
		const struct source_file *f = &source->files[i];

		sha256_add_text(s, f->path, strlen(f->path));
		sha256_add_text(s, f->executable ? "x" : "-", 1);
		sha256_add_text(s, f->data, f->len);
	}
}

void identity_of(char out[IDENTITY_SIZE], const struct source *source)
{
	struct sha256 s;

	sha256_init(&s);
	identity_add(&s, source);
	sha256_hex(out, &s);
}
