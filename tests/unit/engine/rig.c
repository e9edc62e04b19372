#include "rig.h"
#include "base/conf.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 60000		/* a bound on failure, also under valgrind on a busy machine */

const char rig_seed[] =
	"#define TILE_M 16 // avo: 16|32|64\n"
	"#define TILE_N 32 /* avo: 32|64|128 */\n"
	"#define EXP LIBM\t// avo: LIBM|POLY|TABLE how exp is computed\n"
	"#define UNROLL 1 // avo: 1|2\n"
	"int avo_attention(const void *a) { return a == 0; }\n";

static void must(struct rig *r, enum avo_status st, const char *what)
{
	if (st != AVO_OK)
		fail_msg("%s: %s", what, r->err.text);
}

static char *work_dir(void)
{
	char template[] = "/tmp/avo-engine-XXXXXX";

	assert_non_null(mkdtemp(template));
	return xstrdup(template);
}

void rig_new(struct rig *r, const char *seed, const char *operator_name, const char *gate, const char *worker_args)
{
	char *file, *worker;
	struct run_options o = { .operator_name = operator_name, .gate = gate, .backend = "cpu", .suite = "cpu" };

	memset(r, 0, sizeof(*r));
	state_init(&r->state);
	setenv("AVO_DATA_DIR", getenv("AVO_TOP_SRCDIR"), 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	r->top = work_dir();
	r->dir = path_join(r->top, "run");
	file = path_join(r->top, "seed.c");
	must(r, path_write_atomic(file, seed, strlen(seed), 0600, &r->err), "seed");
	o.dir = r->dir;
	o.seed = file;
	must(r, run_create(&o, &r->err), "run_create");
	worker = xasprintf("%s/tests/lib/fake_worker %s", getenv("AVO_TOP_BUILDDIR"), worker_args);
	rig_set(r, "score.worker", worker);
	rig_set(r, "score.backoff", "0.02");
	free(worker);
	free(file);
}

void rig_set(struct rig *r, const char *key, const char *value)
{
	char *path = path_join(r->dir, "avo.conf");
	struct conf *conf;

	must(r, conf_open(&conf, path, &r->err), "avo.conf");
	must(r, conf_set(conf, key, value, &r->err), key);
	conf_free(conf);
	free(path);
}

void rig_free(struct rig *r)
{
	if (rig_alive(r))
		rig_stop(r);
	control_close(r->client);
	state_release(&r->state);
	path_remove_tree(r->top, NULL);
	free(r->top);
	free(r->dir);
}

enum avo_status rig_run(struct rig *r, int64_t steps, int64_t attempts)
{
	struct engine_options o = { .run_dir = r->dir, .steps = steps, .attempts = attempts, .exit_when_idle = true };
	enum avo_status st = engine_main(&o, &r->err);

	rig_load(r);
	return st;
}

void rig_start(struct rig *r, struct engine_options o)
{
	pid_t pid = 0;

	o.run_dir = r->dir;
	must(r, engine_start(&o, &pid, &r->err), "engine_start");
	assert_true(pid > 0);
	must(r, control_connect(&r->client, r->dir, false, &r->err), "connect");
}

static void sleep_ms(int ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000L };

	nanosleep(&ts, NULL);
}

bool rig_alive(struct rig *r)
{
	pid_t pid = 0;

	return engine_pid(&pid, r->dir, NULL) == AVO_OK && pid > 0;
}

static void wait_gone(struct rig *r)
{
	int64_t end = clock_mono_ms() + WAIT_MS;

	while (rig_alive(r)) {
		if (clock_mono_ms() > end)
			fail_msg("the engine does not end");
		sleep_ms(5);
	}
	control_close(r->client);
	r->client = NULL;
}

void rig_stop(struct rig *r)
{
	cJSON_Delete(rig_command(r, "stop", NULL));
	wait_gone(r);
}

void rig_kill(struct rig *r)
{
	pid_t pid = 0;

	assert_int_equal(engine_pid(&pid, r->dir, &r->err), AVO_OK);
	if (pid > 0)
		kill(pid, SIGKILL);
	wait_gone(r);
}

void rig_load(struct rig *r)
{
	char *dir = path_join(r->dir, ".avo/journal");

	state_release(&r->state);
	state_init(&r->state);
	must(r, state_load(&r->state, dir, &r->err), "journal");
	free(dir);
}

void rig_wait(struct rig *r, rig_predicate *pred, int number, const char *what)
{
	int64_t end = clock_mono_ms() + WAIT_MS;

	for (rig_load(r); !pred(&r->state, number); rig_load(r)) {
		if (clock_mono_ms() > end)
			fail_msg("waited in vain for %s %d; the run is %s (%s), %zu attempts", what, number,
				 engine_state_name(r->state.state), r->state.state_reason, r->state.attempt_count);
		sleep_ms(5);
	}
}

bool rig_in_state(const struct run_state *s, int state)
{
	return (int)s->state == state;
}

bool rig_has_attempts(const struct run_state *s, int number)
{
	return (int)s->attempt_count >= number;
}

static cJSON *command_of(const char *name, va_list ap)
{
	cJSON *command = cJSON_CreateObject();
	const char *key;

	json_set_str(command, "cmd", name);
	json_set_str(command, "by", "tester");
	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);

		if (strcmp(key, "count") == 0)
			json_set_int(command, key, atoi(value));
		else
			json_set_str(command, key, value);
	}
	return command;
}

cJSON *rig_command(struct rig *r, const char *name, ...)
{
	cJSON *answer = NULL, *command;
	va_list ap;

	if (!r->client && control_connect(&r->client, r->dir, false, &r->err) != AVO_OK)
		return NULL;
	va_start(ap, name);
	command = command_of(name, ap);
	va_end(ap);
	return control_call(r->client, command, &answer, WAIT_MS, &r->err) == AVO_OK ? answer : NULL;
}

void rig_must(struct rig *r, const char *name, ...)
{
	cJSON *answer = NULL, *command;
	va_list ap;

	va_start(ap, name);
	command = command_of(name, ap);
	va_end(ap);
	must(r, control_call(r->client, command, &answer, WAIT_MS, &r->err), name);
	cJSON_Delete(answer);
}

int rig_events(struct rig *r, const char *type, cJSON **newest)
{
	char *dir = path_join(r->dir, ".avo/journal");
	struct journal_reader *reader;
	struct journal_ref ref;
	const char *line;
	int count = 0;
	size_t len;

	if (newest)
		*newest = NULL;
	must(r, journal_reader_open(&reader, dir, &r->err), "journal");
	while (journal_reader_next(reader, &line, &len, &ref, &r->err) == AVO_OK) {
		cJSON *event;

		must(r, json_parse(&event, line, len, &r->err), "journal line");
		if (strcmp(json_str(event, "type", ""), type) == 0) {
			count++;
			if (newest) {
				cJSON_Delete(*newest);
				*newest = event;
				event = NULL;
			}
		}
		cJSON_Delete(event);
	}
	journal_reader_close(reader);
	free(dir);
	return count;
}

void rig_on_cuda(struct rig *r)
{
	assert_int_equal(rig_shell(r, "sed -i '1s/\"backend\":\"cpu\"/\"backend\":\"cuda\"/' .avo/journal/000001.jsonl"), 0);
	rig_set(r, "run.backend", "cuda");
}

int rig_shell(struct rig *r, const char *command)
{
	char *line = xasprintf("cd '%s' && { %s; } >/dev/null 2>&1", r->dir, command);
	int status = system(line);

	free(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
