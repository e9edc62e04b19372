/* The record as readers see it: order, damage, segments, following a live writer. */
#include "fixture.h"

#include "base/mem.h"
#include "base/path.h"

#include <sys/wait.h>
#include <unistd.h>

static void a_line_is_seq_time_type_and_the_rest(void **state)
{
	struct fixture *f = *state;
	struct journal *j = open_writer(f);
	struct journal_ref ref;
	cJSON *e = note_event(1, 0), *again;
	struct buf b = BUF_INIT;
	size_t len;

	json_set_str(e, "text", "line\nbreak");
	json_set_int(e, "seq", 77);
	ok(f, journal_append(j, e, JOURNAL_NOW, &f->err));
	assert_string_equal(journal_last_line(j, &len, &ref), "{\"seq\":1,\"t\":\"2026-03-01T12:00:00.000Z\",\"type\":\"note\",\"n\":1,\"text\":\"line\\nbreak\"}");
	e = cJSON_CreateObject();
	json_set_str(e, "t", "2025-01-01T00:00:00.500Z");
	json_set_str(e, "type", "bare");
	ok(f, journal_append(j, e, JOURNAL_NOW, &f->err));
	assert_string_equal(journal_last_line(j, &len, &ref), "{\"seq\":2,\"t\":\"2025-01-01T00:00:00.500Z\",\"type\":\"bare\"}");
	assert_int_equal(journal_last_seq(j), 2);
	read_segment(&b, f, 1);
	assert_memory_equal(b.data + ref.offset, journal_last_line(j, NULL, NULL), ref.length);
	assert_int_equal(b.len, ref.offset + ref.length + 1);
	ok(f, journal_fetch(&again, f->dir, ref, &f->err));
	assert_string_equal(json_str(again, "type", ""), "bare");
	cJSON_Delete(again);
	ref.segment = 0;
	assert_int_equal(journal_fetch(&again, f->dir, ref, &f->err), AVO_NEGATIVE);
	assert_null(again);
	buf_release(&b);
	journal_close(j);
}

static void what_is_no_event_is_refused_and_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	struct journal *j = open_writer(f);

	assert_int_equal(journal_append(j, cJSON_CreateArray(), JOURNAL_NOW, &f->err), AVO_USAGE);
	assert_int_equal(journal_append(j, cJSON_CreateObject(), JOURNAL_NOW, &f->err), AVO_USAGE);
	assert_int_equal(journal_append(j, note_event(1, JOURNAL_LINE_BYTES), JOURNAL_NOW, &f->err), AVO_USAGE);
	ok(f, journal_append(j, note_event(1, JOURNAL_LINE_BYTES / 2), JOURNAL_NOW, &f->err));
	ok(f, journal_append(j, note_event(2, 0), JOURNAL_NOW, &f->err));
	journal_close(j);
	assert_int_equal(count_lines(f), 2);
}

static void a_torn_last_line_is_cut(void **state)
{
	static const char torn[] = "{\"seq\":4,\"t\":\"2026-03";
	struct fixture *f = *state;
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct journal *j;
	uint64_t cut;

	write_notes(f, 3);
	read_segment(&before, f, 1);
	append_raw(f, 1, torn, sizeof(torn) - 1);
	assert_int_equal(count_lines(f), 3);
	ok(f, journal_open(&j, f->dir, &cut, &f->err));
	assert_int_equal(cut, sizeof(torn) - 1);
	assert_int_equal(journal_last_seq(j), 3);
	read_segment(&after, f, 1);
	assert_string_equal(after.data, before.data);
	ok(f, journal_append(j, note_event(4, 0), JOURNAL_NOW, &f->err));
	journal_close(j);
	assert_int_equal(count_lines(f), 4);
	buf_release(&before);
	buf_release(&after);
}

static void blocks_that_never_reached_the_disk_are_cut(void **state)
{
	struct fixture *f = *state;
	struct journal *j;
	uint64_t cut;

	write_notes(f, 3);
	append_raw(f, 1, "{\"seq\":4,\0\0\0\0\0\0\0\0\n", 18);
	ok(f, journal_open(&j, f->dir, &cut, &f->err));
	assert_int_equal(cut, 18);
	journal_close(j);
	append_raw(f, 1, "\0\0\0\0\n{\"seq\":4,\"type\":\"x\"}\n", 27);
	assert_int_equal(journal_open(&j, f->dir, &cut, &f->err), AVO_CORRUPT);
	assert_null(j);
}

static void assert_damaged(struct fixture *f, const char *text, const char *where)
{
	struct buf after = BUF_INIT;
	struct journal *j;

	write_segment(f, 1, text, strlen(text));
	assert_int_equal(journal_open(&j, f->dir, NULL, &f->err), AVO_CORRUPT);
	assert_null(j);
	assert_non_null(strstr(f->err.text, where));
	read_segment(&after, f, 1);
	assert_string_equal(buf_cstr(&after), text);
	buf_release(&after);
}

static void damage_is_named_and_left_alone(void **state)
{
	struct fixture *f = *state;

	assert_damaged(f, "{\"seq\":1,\"type\":\"a\"}\n{\"seq\":2,\"ty\001pe\n{\"seq\":3,\"type\":\"a\"}\n", "byte 21");
	assert_damaged(f, "{\"seq\":1,\"type\":\"a\"}\n{\"seq\":3,\"type\":\"a\"}\n", "does not follow");
	assert_damaged(f, "{\"seq\":1,\"type\":\"a\"}\n{\"seq\":1,\"type\":\"a\"}\n", "does not follow");
	assert_damaged(f, "{\"seq\":1,\"type\":\"a\"}\n\n", "not JSON");
	assert_damaged(f, "{\"seq\":1,\"type\":\"a\"}\n[1]\n{}", "not an event");
	assert_damaged(f, "{\"seq\":2,\"type\":\"a\"}\n", "truncate -s 0");
}

static unsigned write_small_segments(struct fixture *f, int count)
{
	struct journal *j = open_writer(f);
	struct journal_ref ref;
	int i;

	journal_set_segment_bytes(j, 512);
	for (i = 1; i <= count; i++)
		ok(f, journal_append(j, note_event(i, 40), JOURNAL_LAZY, &f->err));
	journal_last_line(j, NULL, &ref);
	journal_close(j);
	return ref.segment;
}

static void segments_are_one_journal(void **state)
{
	struct fixture *f = *state;
	unsigned last = write_small_segments(f, 100), i;
	struct journal *j;
	uint64_t cut;

	assert_true(last > 10);
	assert_int_equal(count_lines(f), 100);
	for (i = 1; i <= last; i++) {
		struct buf b = BUF_INIT;

		read_segment(&b, f, i);
		assert_true(b.len <= 512 && b.data[b.len - 1] == '\n');
		buf_release(&b);
	}
	append_raw(f, last, "{\"se", 4);
	ok(f, journal_open(&j, f->dir, &cut, &f->err));
	assert_int_equal(cut, 4);
	assert_int_equal(journal_last_seq(j), 100);
	ok(f, journal_append(j, note_event(101, 0), JOURNAL_NOW, &f->err));
	journal_close(j);
	assert_int_equal(count_lines(f), 101);
}

static void a_lost_or_cut_segment_is_damage(void **state)
{
	struct fixture *f = *state;
	struct journal *j;
	char *second;

	write_small_segments(f, 100);
	append_raw(f, 1, "{\"se", 4);
	assert_int_equal(journal_open(&j, f->dir, NULL, &f->err), AVO_CORRUPT);
	assert_non_null(strstr(f->err.text, "another follows"));
	second = segment_path(f, 1);
	assert_int_equal(truncate(second, 0), 0);
	assert_int_equal(journal_open(&j, f->dir, NULL, &f->err), AVO_CORRUPT);
	free(second);
	write_segment(f, 1, "{\"seq\":1,\"type\":\"a\"}\n", 21);
	second = segment_path(f, 2);
	assert_int_equal(unlink(second), 0);
	free(second);
	assert_int_equal(journal_open(&j, f->dir, NULL, &f->err), AVO_CORRUPT);
	assert_non_null(strstr(f->err.text, "no 000002"));
}

static void a_reader_waits_for_the_end_of_a_line(void **state)
{
	struct fixture *f = *state;
	struct journal_reader *r;
	struct journal_ref ref;
	const char *line;
	size_t len;
	char *path;

	assert_int_equal(journal_reader_open(&r, f->dir, &f->err), AVO_ENVIRONMENT);
	ok(f, path_mkdirs(f->dir, 0700, &f->err));
	ok(f, journal_reader_open(&r, f->dir, &f->err));
	assert_int_equal(journal_reader_next(r, &line, &len, &ref, &f->err), AVO_NEGATIVE);
	write_segment(f, 1, "{\"first\":1}\n{\"half", 18);
	ok(f, journal_reader_next(r, &line, &len, &ref, &f->err));
	assert_string_equal(line, "{\"first\":1}");
	assert_int_equal(journal_reader_next(r, &line, &len, &ref, &f->err), AVO_NEGATIVE);
	/* The writer takes the half line back and writes another: what was seen of it must not stick. */
	path = segment_path(f, 1);
	assert_int_equal(truncate(path, 12), 0);
	assert_int_equal(journal_reader_next(r, &line, &len, &ref, &f->err), AVO_NEGATIVE);
	append_raw(f, 1, "{\"other\":22222}\n", 16);
	ok(f, journal_reader_next(r, &line, &len, &ref, &f->err));
	assert_string_equal(line, "{\"other\":22222}");
	assert_int_equal(ref.offset, 12);
	assert_int_equal(truncate(path, 5), 0);
	assert_int_equal(journal_reader_next(r, &line, &len, &ref, &f->err), AVO_CORRUPT);
	journal_reader_close(r);
	free(path);
}

static void a_line_without_end_is_bounded(void **state)
{
	struct fixture *f = *state;
	size_t size = JOURNAL_LINE_BYTES + (1 << 20);
	char *data = xmalloc(size);
	struct journal_reader *r;
	const char *line;
	size_t len;

	memset(data, 'x', size);
	write_segment(f, 1, data, size);
	ok(f, journal_reader_open(&r, f->dir, &f->err));
	assert_int_equal(journal_reader_next(r, &line, &len, NULL, &f->err), AVO_CORRUPT);
	journal_reader_close(r);
	free(data);
}

#define LIVE_LINES 3000

static void AVO_NORETURN write_live(struct fixture *f)
{
	struct journal *j;
	int i;

	if (journal_open(&j, f->dir, NULL, NULL) != AVO_OK)
		_exit(1);
	journal_set_segment_bytes(j, 4096);
	for (i = 1; i <= LIVE_LINES; i++)
		if (journal_append(j, note_event(i, (size_t)i % 300), JOURNAL_LAZY, NULL) != AVO_OK)
			_exit(2);
	journal_close(j);
	_exit(0);
}

static void a_live_reader_follows_lines_and_segments(void **state)
{
	struct fixture *f = *state;
	struct journal_reader *r;
	int64_t seen = 0;
	const char *line;
	int status;
	size_t len;
	pid_t pid;

	ok(f, path_mkdirs(f->dir, 0700, &f->err));
	ok(f, journal_reader_open(&r, f->dir, &f->err));
	pid = fork();
	if (pid == 0)
		write_live(f);
	while (seen < LIVE_LINES) {
		enum avo_status st = journal_reader_next(r, &line, &len, NULL, &f->err);
		cJSON *e;

		if (st == AVO_NEGATIVE) {
			usleep(200);
			continue;
		}
		ok(f, st);
		ok(f, json_parse(&e, line, len, &f->err));
		assert_int_equal(json_int(e, "seq", 0), ++seen);
		cJSON_Delete(e);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(journal_reader_next(r, &line, &len, NULL, &f->err), AVO_NEGATIVE);
	journal_reader_close(r);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(a_line_is_seq_time_type_and_the_rest),
		T(what_is_no_event_is_refused_and_nothing_is_written),
		T(a_torn_last_line_is_cut),
		T(blocks_that_never_reached_the_disk_are_cut),
		T(damage_is_named_and_left_alone),
		T(segments_are_one_journal),
		T(a_lost_or_cut_segment_is_damage),
		T(a_reader_waits_for_the_end_of_a_line),
		T(a_line_without_end_is_bounded),
		T(a_live_reader_follows_lines_and_segments),
	};

	setenv("AVO_TEST_NOW", "2026-03-01T12:00:00Z", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
