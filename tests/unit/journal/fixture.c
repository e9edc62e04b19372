#include "fixture.h"

#include "base/mem.h"
#include "base/path.h"

#include <fcntl.h>
#include <unistd.h>

void assert_ok(struct fixture *f, enum avo_status st, const char *call)
{
	if (st != AVO_OK)
		fail_msg("%s: status %d: %s", call, (int)st, f->err.text);
}

int fixture_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	ok(f, path_temp_dir(&f->top, tmp ? tmp : "/tmp", "avo-journal-", &f->err));
	f->dir = path_join(f->top, "journal");
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	ok(f, path_remove_tree(f->top, &f->err));
	free(f->dir);
	free(f->top);
	free(f);
	return 0;
}

cJSON *note_event(int n, size_t bytes)
{
	cJSON *e = cJSON_CreateObject();
	char *fill = xcalloc(1, bytes + 1);

	memset(fill, 'x', bytes);
	json_set_str(e, "type", "note");
	json_set_int(e, "n", n);
	if (bytes)
		json_set_str(e, "fill", fill);
	free(fill);
	return e;
}

struct journal *open_writer(struct fixture *f)
{
	struct journal *j;

	ok(f, journal_open(&j, f->dir, NULL, &f->err));
	return j;
}

void write_notes(struct fixture *f, int count)
{
	struct journal *j = open_writer(f);
	int i;

	for (i = 1; i <= count; i++)
		ok(f, journal_append(j, note_event(i, 0), JOURNAL_LAZY, &f->err));
	journal_close(j);
}

uint64_t count_lines(struct fixture *f)
{
	struct journal_reader *r;
	const char *line;
	uint64_t n = 0;
	size_t len;

	ok(f, journal_reader_open(&r, f->dir, &f->err));
	while (journal_reader_next(r, &line, &len, NULL, &f->err) == AVO_OK) {
		cJSON *e;

		ok(f, json_parse(&e, line, len, &f->err));
		assert_int_equal(json_int(e, "seq", 0), ++n);
		cJSON_Delete(e);
	}
	journal_reader_close(r);
	return n;
}

char *segment_path(struct fixture *f, unsigned number)
{
	return xasprintf("%s/%06u.jsonl", f->dir, number);
}

void read_segment(struct buf *out, struct fixture *f, unsigned number)
{
	char *path = segment_path(f, number);

	ok(f, path_read(out, path, BUF_DEFAULT_MAX, &f->err));
	free(path);
}

void write_segment(struct fixture *f, unsigned number, const void *data, size_t len)
{
	char *path = segment_path(f, number);

	ok(f, path_mkdirs(f->dir, 0700, &f->err));
	ok(f, path_write_atomic(path, data, len, 0600, &f->err));
	free(path);
}

void append_raw(struct fixture *f, unsigned number, const void *data, size_t len)
{
	char *path = segment_path(f, number);
	int fd = open(path, O_WRONLY | O_APPEND);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
	free(path);
}
