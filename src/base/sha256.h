/* SHA-256 (FIPS 180-4), for naming builds by their content: nobody can make two candidates share a build. */
#ifndef AVO_BASE_SHA256_H
#define AVO_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	unsigned char block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
/* A string with its length, so that neighbours cannot run into each other. */
void sha256_add_text(struct sha256 *s, const char *text, size_t len);
/* 64 hexadecimal digits and a NUL; s is used up. */
void sha256_hex(char out[65], struct sha256 *s);

#endif
