/* Documents into sections. Foreign bytes: nothing here may assume anything about them. */
#ifndef AVO_KNOWLEDGE_SPLIT_H
#define AVO_KNOWLEDGE_SPLIT_H

#include "base/buf.h"

enum text_kind { TEXT_PROSE, TEXT_MARKDOWN, TEXT_CODE, TEXT_PAGES };	/* pages: form feeds between them */

/* Borrowed during the call. */
struct section {
	const char *heading;		/* "Softmax > Rescaling", "wait_barrier", "page 3" */
	const char *symbols;		/* names defined here, with spaces between */
	const char *body;
	size_t len;
	int line;			/* of the document, from 1 */
};
typedef void section_fn(void *arg, const struct section *s);

#define SECTION_MAX_BYTES 6000

/* Appends the document's title to title (its first heading, or nothing). */
void split_document(enum text_kind kind, const char *text, size_t len, struct buf *title, section_fn *fn, void *arg);
/* HTML to text with markdown headings: no tags, no scripts, entities decoded. */
void html_to_text(struct buf *out, const char *html, size_t len);

#endif
