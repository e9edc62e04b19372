/* Characters beyond ASCII that avo itself writes, and how each is spelled where only ASCII is shown. */
#ifndef AVO_BASE_GLYPH_H
#define AVO_BASE_GLYPH_H

#include <stdint.h>

/* "->" for an arrow; "?" for what has no spelling. Static. */
const char *glyph_ascii(uint32_t code);

#endif
