/* One request to the worker, parsed; and the lines it sends back while it works. */
#ifndef AVO_WORKER_JOB_H
#define AVO_WORKER_JOB_H

#include "score/sequential.h"
#include "worker/backend.h"
#include "worker/random.h"

#define PEERS_MAX_REPEATS 100

struct job {
	int64_t id;
	char op[16];			/* "evaluate", "peers", "profile" */
	const struct backend_ops *ops;
	struct suite suite;
	char *candidate, *incumbent;	/* directories; incumbent may be NULL */
	char *cache;			/* directory, made if missing */
	cJSON *baselines;		/* peers: [{"path"[,"name"]}], or NULL */
	int repeats;			/* peers: of each case, 1 .. PEERS_MAX_REPEATS */
	char case_name[SCORE_NAME_SIZE];	/* profile: which case; "" is the first */
	struct sequential_plan plan;
	double max_seconds;		/* of comparing, once min_pairs are done; a slow kernel gets fewer rounds */
	struct random_source seeds;
};

/* AVO_USAGE with a sentence when the request makes no sense. Release in any case. */
enum avo_status job_parse(struct job *out, const cJSON *request, struct error *err);
void job_release(struct job *job);

struct job_progress {
	int64_t id;
	int fd;
	int64_t last_ms;		/* when the last line went out */
	char stage[16];
};

/* A progress line; not more than 20 a second, but always at a change of stage and at the end of one. */
void job_progress(struct job_progress *p, const char *stage, int done, int total);
/* Writes value as one line; false when nobody reads any more. */
bool job_write_line(int fd, const cJSON *value);

/* The scoring function f. Fills result with everything that ARCHITECTURE.md, "Worker protocol" names; err for our own failures. */
enum avo_status worker_evaluate(cJSON *result, struct backend *b, struct job *job, struct job_progress *progress, struct error *err);

#endif
