#include "fixture.h"

#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"

#include <git2.h>
#include <sys/wait.h>
#include <unistd.h>

static struct score sample_score = {
	.unit = "GFLOPS",
	.count = 2,
	.cases = { { "causal-1k", 48.25, 0.3125, 12 }, { "full-1k", 61.5, 0.25, 12 } },
	.geomean = 54.473042,
};
static struct comparison sample_comparison = {
	.decision = DECISION_IMPROVED, .ratio = 1.0825, .lo = 1.0711, .hi = 1.0942, .confidence = 0.95, .pairs = 14,
};

void fixture_environment(void)
{
	static const int levels[] = { GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL };
	size_t i;

	git_libgit2_init();
	for (i = 0; i < ARRAY_LEN(levels); i++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "/nonexistent");
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_PAGER", "cat", 1);
	setenv("TZ", "UTC", 1);
	setenv("AVO_TEST_NOW", "2026-03-01T12:00:00Z", 1);
}

void assert_ok(struct fixture *f, enum avo_status st, const char *call)
{
	if (st != AVO_OK)
		fail_msg("%s: status %d: %s", call, (int)st, f->err.text);
}

int fixture_setup(void **state)
{
	static const struct source_file seed[] = {
		{ .path = "kernel.c", .data = "one\ntwo\nthree\n", .len = 14 },
		{ .path = "lib/tile.h", .data = "#define TILE 64\n", .len = 16 },
	};
	struct fixture *f = xcalloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	ok(f, path_temp_dir(&f->dir, tmp ? tmp : "/tmp", "avo-lineage-", &f->err));
	ok(f, lineage_init(f->dir, &f->err));
	ok(f, lineage_open(&f->l, f->dir, LINEAGE_WRITE, &f->err));
	ok(f, lineage_commit_seed(f->seed, f->l, seed, 2, "The seed\n", &f->err));
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	lineage_close(f->l);
	ok(f, path_remove_tree(f->dir, &f->err));
	free(f->dir);
	free(f);
	return 0;
}

int fixture_try(struct fixture *f, char **text, const char *command)
{
	const char *argv[] = { "sh", "-c", command, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf out = BUF_INIT;

	spec.argv = argv;
	spec.cwd = f->dir;
	ok(f, child_run(&result, &out, &spec, 120000, &f->err));
	if (text)
		*text = buf_detach(&out);
	buf_release(&out);
	return WIFEXITED(result.wait_status) ? WEXITSTATUS(result.wait_status) : 255;
}

char *fixture_shell(struct fixture *f, const char *fmt, ...)
{
	struct buf command = BUF_INIT;
	char *text;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	buf_vprintf(&command, fmt, ap);
	va_end(ap);
	rc = fixture_try(f, &text, command.data);
	if (rc != 0)
		fail_msg("%s: exit status %d: %s", command.data, rc, text);
	buf_release(&command);
	return text;
}

void fixture_attempt(char commit[COMMIT_ID_SIZE], struct fixture *f, int id, int parent, const char *text)
{
	struct source_file files[] = {
		{ .path = "kernel.c", .data = text, .len = strlen(text) },
		{ .path = "lib/tile.h", .data = "#define TILE 64\n", .len = 16 },
	};
	char version[16], from[COMMIT_ID_SIZE];

	snprintf(version, sizeof(version), "v%d", parent);
	ok(f, lineage_resolve(from, f->l, version, &f->err));
	patiently(f, lineage_commit_attempt(commit, f->l, id, from, files, 2, "mutate", "Change the kernel\n", &f->err));
}

struct promotion fixture_promotion(int version, int attempt, const char *tip, const char *attempt_commit)
{
	return (struct promotion){
		.version = version, .attempt = attempt, .expected_tip = tip, .attempt_commit = attempt_commit,
		.title = "Widen the tile", .body = "Fewer passes over K.", .author = "mutate", .suite = "cpu", .backend = "cpu",
		.score = &sample_score, .comparison = &sample_comparison,
		.note_json = "{\"unit\":\"GFLOPS\",\"geomean\":54.473042}",
	};
}
