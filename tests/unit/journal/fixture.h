/* A journal directory of its own for each test of this room. */
#ifndef AVO_TESTS_JOURNAL_FIXTURE_H
#define AVO_TESTS_JOURNAL_FIXTURE_H

#include "avo.h"
#include "base/buf.h"
#include "journal/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct fixture {
	char *top, *dir;	/* dir: <top>/journal, made by the first journal_open */
	struct error err;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

#define ok(f, call) assert_ok((f), (call), #call)
void assert_ok(struct fixture *f, enum avo_status st, const char *call);

/* {"type":"note","n":n} plus `bytes` of filling. */
cJSON *note_event(int n, size_t bytes);
struct journal *open_writer(struct fixture *f);
/* Opens, writes notes 1..count, closes. */
void write_notes(struct fixture *f, int count);
/* Reads everything now in the journal; asserts that the seqs are 1..n without a gap; returns n. */
uint64_t count_lines(struct fixture *f);

char *segment_path(struct fixture *f, unsigned number);
void read_segment(struct buf *out, struct fixture *f, unsigned number);
void write_segment(struct fixture *f, unsigned number, const void *data, size_t len);
void append_raw(struct fixture *f, unsigned number, const void *data, size_t len);

#endif
