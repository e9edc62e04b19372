/*
 * A background job that exchanges a directory with a link to another one, as fast as it can, while tools read, write, edit, restore
 * and hand in: nothing of what lies outside is ever read or touched. 3 s, and 60 s where AVO_LONG is set; as root also once more as nobody.
 */
#include "avo.h"
#include "agent/tools.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "candidate/source.h"

#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define SECRET "what only the engine's user may read"

struct race {
	char *dir, *outside;
	struct loop *loop;
	struct run_state state;
	struct toolbox box;
	struct lineage *lineage;
	struct buf answer;
	bool answered;
	pid_t flipper;
	int rounds, exchanged;		/* how often d was found to be the link */
};

static void take_answer(void *arg, const char *id, const char *text, bool is_error)
{
	struct race *r = arg;

	r->answered = true;
	buf_clear(&r->answer);
	buf_addstr(&r->answer, text);
}

static const char *call(struct race *r, const char *name, const char *input)
{
	struct block use = { .kind = BLOCK_TOOL_USE, .id = (char *)"call_1", .name = (char *)name, .input = (char *)input };

	r->answered = false;
	toolbox_run(&r->box, &use);
	assert_true(r->answered);
	return buf_cstr(&r->answer);
}

static void put(const char *dir, const char *name, const char *text)
{
	char *path = path_join(dir, name);

	assert_int_equal(path_write_atomic(path, text, strlen(text), 0600, NULL), AVO_OK);
	free(path);
}

static void flip(const char *work)
{
	int dir = open(work, O_RDONLY | O_DIRECTORY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* a test that fails does not come to its end */
	while (dir >= 0 && renameat2(dir, "d", dir, "l", RENAME_EXCHANGE) == 0)
		;
	_exit(1);
}

static void open_lineage(struct race *r)
{
	static const struct source_file files[] = {
		{ .path = "kernel.c", .data = "int x;\n", .len = 7 }, { .path = "d/mine.h", .data = "int y;\n", .len = 7 },
	};
	char commit[COMMIT_ID_SIZE];

	assert_int_equal(lineage_init(r->dir, NULL), AVO_OK);
	assert_int_equal(lineage_open(&r->lineage, r->dir, LINEAGE_WRITE, NULL), AVO_OK);
	assert_int_equal(lineage_commit_seed(commit, r->lineage, files, 2, "seed", NULL), AVO_OK);
}

static void race_open(struct race *r)
{
	char *inside, *link;

	memset(r, 0, sizeof(*r));
	setenv("HOME", "/nonexistent", 1);
	assert_int_equal(path_temp_dir(&r->dir, "/var/tmp", "avo-race-", NULL), AVO_OK);
	assert_int_equal(path_temp_dir(&r->outside, "/var/tmp", "avo-race-outside-", NULL), AVO_OK);
	put(r->outside, "secret.txt", SECRET);
	put(r->outside, "mine.h", SECRET);
	assert_int_equal(loop_new(&r->loop, NULL), AVO_OK);
	state_init(&r->state);
	open_lineage(r);
	r->box = (struct toolbox){ .loop = r->loop, .state = &r->state, .lineage = r->lineage, .answer = take_answer, .answer_arg = r };
	r->box.work_dir = path_join(r->dir, "work");
	r->box.temp_dir = path_join(r->dir, "tmp");
	r->box.blob_dir = path_join(r->dir, "blobs");
	inside = path_join(r->box.work_dir, "d");
	assert_int_equal(path_mkdirs(inside, 0755, NULL), AVO_OK);
	put(inside, "secret.txt", "harmless");
	put(inside, "mine.h", "int y;\n");
	link = path_join(r->box.work_dir, "l");
	assert_int_equal(symlink(r->outside, link), 0);
	free(link);
	free(inside);
	r->flipper = fork();
	assert_true(r->flipper >= 0);
	if (r->flipper == 0)
		flip(r->box.work_dir);
}

static void race_close(struct race *r)
{
	int status;

	kill(r->flipper, SIGKILL);
	assert_int_equal(waitpid(r->flipper, &status, 0), r->flipper);
	assert_true(WIFSIGNALED(status));	/* it exchanged until the end */
	toolbox_stop(&r->box);
	loop_free(r->loop);
	lineage_close(r->lineage);
	state_release(&r->state);
	path_remove_tree(r->dir, NULL);
	path_remove_tree(r->outside, NULL);
	free(r->box.work_dir);
	free(r->box.temp_dir);
	free(r->box.blob_dir);
	free(r->dir);
	free(r->outside);
	buf_release(&r->answer);
}

/* The directory outside holds what it held: no file more, no byte else. */
static void look_outside(struct race *r)
{
	struct source found;
	size_t i;

	assert_int_equal(source_from_dir(&found, r->outside, SOURCE_CANDIDATE, NULL), AVO_OK);
	assert_int_equal(found.count, 2);
	for (i = 0; i < found.count; i++)
		assert_string_equal(found.files[i].data, SECRET);
	source_release(&found);
}

static void hand_in(struct race *r)
{
	struct source found;
	size_t i;

	if (source_from_dir(&found, r->box.work_dir, SOURCE_SHOWN, NULL) != AVO_OK)
		return;
	for (i = 0; i < found.count; i++)
		assert_null(strstr(found.files[i].data, SECRET));
	source_release(&found);
}

static void one_round(struct race *r)
{
	static const char *const asked[][2] = {
		{ "read", "{\"path\":\"d/secret.txt\"}" },
		{ "write", "{\"path\":\"d/new.txt\",\"content\":\"by a tool\"}" },
		{ "edit", "{\"path\":\"d/mine.h\",\"old\":\"what\",\"new\":\"by a tool\"}" },
		{ "read", "{\"path\":\"d\"}" },
		{ "lineage", "{\"action\":\"diff\",\"what\":\"work\",\"against\":\"v0\"}" },
		{ "lineage", "{\"action\":\"restore\",\"what\":\"v0\"}" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(asked); i++) {
		const char *answer = call(r, asked[i][0], asked[i][1]);

		if (strstr(answer, SECRET))
			fail_msg("%s %s read what lies outside", asked[i][0], asked[i][1]);
		r->exchanged += strstr(answer, "link") != NULL;
	}
	hand_in(r);
	r->rounds++;
}

static void race_for(int64_t ms)
{
	struct race r;
	int64_t end;

	race_open(&r);
	for (end = clock_mono_ms() + ms; clock_mono_ms() < end || (!r.exchanged && r.rounds < 100000);)
		one_round(&r);
	look_outside(&r);
	assert_true(r.exchanged > 0);	/* the tools did meet the link */
	race_close(&r);
}

static int64_t how_long(void)
{
	const char *wanted = getenv("AVO_LONG");

	return wanted && *wanted ? 60000 : 3000;
}

static void nothing_outside_is_reached_while_names_are_exchanged(void **state)
{
	race_for(how_long());
}

static void nor_by_an_ordinary_user(void **state)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();		/* the test above was it */
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
			_exit(2);
		race_for(how_long());
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_outside_is_reached_while_names_are_exchanged),
		cmocka_unit_test(nor_by_an_ordinary_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
