/*
 * The journal's reader, its check on opening and the state, on arbitrary bytes.
 * A 0x1e byte ends a segment file. Promises: nothing crashes, lists stay in
 * order, what opens for writing can be appended to and reads back without a gap.
 */
#include "avo.h"
#include "base/path.h"
#include "journal/internal.h"

#include <stdlib.h>
#include <unistd.h>

#define SEGMENT_END 0x1e
#define MAX_SEGMENTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *directory;

static void remove_directory(void)
{
	path_remove_tree(directory, NULL);
	free(directory);
}

static void make_directory(void)
{
	if (path_temp_dir(&directory, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", "avo-fuzz-", NULL) != AVO_OK)
		abort();
	atexit(remove_directory);
}

#define require(condition) do { if (!(condition)) abort(); } while (0)

static void check_state(const struct run_state *s)
{
	size_t i;

	require(s->action_count <= STATE_MAX_ACTIONS);
	for (i = 0; i < s->version_count; i++)
		require(s->versions[i].id == (int)i && s->versions[i].score.count <= SCORE_MAX_CASES);
	for (i = 0; i < s->attempt_count; i++)
		require(s->attempts[i].id == (int)i + 1 && verdict_name(s->attempts[i].verdict) && decision_name(s->attempts[i].comparison.decision));
	for (i = 0; i < s->step_count; i++)
		require(s->steps[i].id == (int)i + 1);
	for (i = 0; i < s->direction_count; i++)
		require(s->directions[i].id == (int)i + 1 && direction_state_name(s->directions[i].state));
	for (i = 1; i < s->action_count; i++)
		require(s->actions[i - 1].id < s->actions[i].id);
	require(engine_state_name(s->state) && gate_name(s->gate));
	require(!state_pending(s) || state_pending(s)->stage == ATTEMPT_PENDING);
	require(state_attempts_since_version(s) >= 0);
	require(!state_version(s, (int)s->version_count) && !state_attempt(s, 0) && !state_step(s, -1));
}

static void write_segments(const uint8_t *data, size_t size)
{
	char name[32];
	unsigned n;

	for (n = 1; n <= MAX_SEGMENTS; n++) {
		const uint8_t *end = size ? memchr(data, SEGMENT_END, size) : NULL;
		size_t len = end ? (size_t)(end - data) : size;
		char *path;
		FILE *out;

		snprintf(name, sizeof(name), "%06u.jsonl", n);
		path = path_join(directory, name);
		unlink(path);
		if (n == 1 || size) {
			out = fopen(path, "w");
			require(out && fwrite(data, 1, len, out) == len && fclose(out) == 0);
		}
		free(path);
		data += end ? len + 1 : len;
		size -= end ? len + 1 : len;
	}
}

/* Every line is an event of its own here, whatever the others are. */
static void apply_lines(const uint8_t *data, size_t size)
{
	struct run_state s;

	state_init(&s);
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;
		cJSON *event;

		if (json_parse(&event, (const char *)data, len, NULL) == AVO_OK)
			state_apply(&s, event, (struct journal_ref){ 1, 0, (uint32_t)len });
		cJSON_Delete(event);
		data += end ? len + 1 : len;
		size -= end ? len + 1 : len;
	}
	check_state(&s);
	state_release(&s);
}

static void load(uint64_t *seq, bool must)
{
	struct run_state s;
	enum avo_status st;

	state_init(&s);
	st = state_load(&s, directory, NULL);
	require(st == AVO_OK || (st == AVO_CORRUPT && !must));
	check_state(&s);
	*seq = s.seq;
	state_release(&s);
}

static void open_and_append(void)
{
	struct journal *j;
	struct error err;
	uint64_t cut, before, after;
	cJSON *event = cJSON_CreateObject();
	enum avo_status st = journal_open(&j, directory, &cut, &err);

	json_set_str(event, "type", "hint");
	if (st != AVO_OK) {
		require(st == AVO_CORRUPT && err.text[0]);
		cJSON_Delete(event);
		return;
	}
	before = journal_last_seq(j);
	require(journal_append(j, event, JOURNAL_LAZY, &err) == AVO_OK);
	journal_close(j);
	load(&after, true);
	require(after == before + 1);
	require(journal_open(&j, directory, &cut, &err) == AVO_OK && cut == 0 && journal_last_seq(j) == after);
	journal_close(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t seq;

	if (!directory)
		make_directory();
	apply_lines(data, size);
	write_segments(data, size);
	load(&seq, false);
	open_and_append();
	return 0;
}
