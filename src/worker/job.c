#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "worker/job.h"

#include <errno.h>
#include <unistd.h>

#define PEERS_REPEATS 5

static char *copy_path(const cJSON *request, const char *key)
{
	const char *path = json_str(request, key, NULL);

	return path && *path ? xstrdup(path) : NULL;
}

static enum avo_status check(const struct job *j, struct error *err)
{
	bool evaluates = strcmp(j->op, "peers") != 0;

	if (!j->cache)
		return error_set(err, AVO_USAGE, "the request names no cache directory");
	if (evaluates && !j->candidate)
		return error_set(err, AVO_USAGE, "the request names no candidate directory");
	if (strcmp(j->suite.backend, j->ops->name) != 0)
		return error_set(err, AVO_USAGE, "the suite %s is for the backend %s, not %s", j->suite.name, j->suite.backend,
				 j->ops->name);
	if (*j->case_name) {
		int i;

		for (i = 0; i < j->suite.count; i++)
			if (strcmp(j->suite.cases[i].name, j->case_name) == 0)
				return AVO_OK;
		return error_set(err, AVO_USAGE, "the suite %s has no case %s", j->suite.name, j->case_name);
	}
	return AVO_OK;
}

enum avo_status job_parse(struct job *out, const cJSON *request, struct error *err)
{
	static const struct sequential_plan plan = SEQUENTIAL_PLAN_DEFAULT;
	const char *suite = json_str(request, "suite", NULL), *backend = json_str(request, "backend", "cpu");
	enum avo_status st;

	memset(out, 0, sizeof(*out));
	out->id = json_int(request, "id", -1);
	snprintf(out->op, sizeof(out->op), "%s", json_str(request, "op", ""));
	out->candidate = copy_path(request, "candidate");
	out->incumbent = copy_path(request, "incumbent");
	out->cache = copy_path(request, "cache");
	out->plan = plan;
	out->plan.min_pairs = (int)json_int(request, "min_pairs", plan.min_pairs);
	out->plan.max_pairs = (int)json_int(request, "max_pairs", plan.max_pairs);
	out->plan.confidence = json_num(request, "confidence", plan.confidence);
	out->plan.match_tolerance = json_num(request, "match_tolerance", plan.match_tolerance);
	out->max_seconds = json_num(request, "max_seconds", 4);
	out->seeds.key = (uint64_t)json_int(request, "seed", 0);
	out->baselines = cJSON_Duplicate(json_arr(request, "baselines"), true);
	out->repeats = (int)json_int(request, "repeats", PEERS_REPEATS);
	out->repeats = out->repeats < 1 ? 1 : out->repeats > PEERS_MAX_REPEATS ? PEERS_MAX_REPEATS : out->repeats;
	snprintf(out->case_name, sizeof(out->case_name), "%s", json_str(request, "case", ""));
	out->ops = backend_find(backend);
	if (!out->ops)
		return error_set(err, AVO_USAGE, "this worker has no backend \"%s\"", backend);
	if (!suite)
		return error_set(err, AVO_USAGE, "the request names no suite");
	st = suite_load(&out->suite, suite, err);
	return st == AVO_OK ? check(out, err) : st;
}

void job_release(struct job *job)
{
	free(job->candidate);
	free(job->incumbent);
	free(job->cache);
	cJSON_Delete(job->baselines);
	job->baselines = NULL;
	job->candidate = job->incumbent = job->cache = NULL;
}

bool job_write_line(int fd, const cJSON *value)
{
	struct buf line = BUF_INIT;
	size_t at = 0;
	bool done;

	json_print(&line, value);
	buf_addch(&line, '\n');
	while (at < line.len) {
		ssize_t n = write(fd, line.data + at, line.len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	done = at == line.len;
	buf_release(&line);
	return done;
}

void job_progress(struct job_progress *p, const char *stage, int done, int total)
{
	int64_t now = clock_mono_ms();
	bool same = strcmp(p->stage, stage) == 0;
	cJSON *line;

	if (same && done != total && now - p->last_ms < 50)
		return;
	p->last_ms = now;
	snprintf(p->stage, sizeof(p->stage), "%s", stage);
	line = cJSON_CreateObject();
	json_set_int(line, "id", p->id);
	json_set_str(line, "event", "progress");
	json_set_str(line, "stage", stage);
	json_set_int(line, "done", done);
	json_set_int(line, "total", total);
	job_write_line(p->fd, line);
	cJSON_Delete(line);
}
