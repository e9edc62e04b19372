/*
 * What a device must be able to do so that avo-worker can evaluate candidates
 * on it. The order of things (build, check, time in pairs, check again), the
 * statistics and the verdict are the same for all and live in evaluate.c; a
 * backend builds, runs a candidate on given values, and says whether the values
 * that came out are right.
 *
 * There is one way to run a candidate, whether the time counts or not: a
 * candidate cannot tell a check from a measurement, and every timed output is
 * checked.
 */
#ifndef AVO_WORKER_BACKEND_H
#define AVO_WORKER_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "candidate/source.h"
#include "task/fill.h"

struct backend;			/* the device, opened; defined by the backend */
struct build;			/* a compiled candidate; defined by the backend */
struct candidate;		/* a build that is loaded and ready to run; defined by the backend */

struct run_spec {
	const struct task_case *c;
	struct fill_deal deal;	/* the kinds of values, of which no more than c->batch * c->kv_heads have a place */
	uint64_t seed;		/* of the values; secret */
	int rows;		/* random rows to check, and the last row of each kind; 0: every row */
	bool changed;		/* the values of this seed with one key/value row replaced: an answer remembered by a sample of its inputs is wrong */
};

/* What came of running one candidate on one set of values. */
struct run_outcome {
	enum verdict verdict;		/* PASSED, INCORRECT, CRASHED, TIMED_OUT, CHEATED */
	double seconds;			/* of the call alone; NAN unless PASSED or INCORRECT */
	double wall_seconds;		/* by the wall clock, where `seconds` is by a better one */
	uint64_t digest;		/* of the whole output */
	long rows;			/* output rows compared with the reference */
	double max_error, tolerance;	/* of the kind of values that came closest to its tolerance, over the rows compared */
	struct {
		int batch, head, row, dim;
		double expected, got;
	} worst;			/* the element with max_error */
	enum fill fill;			/* the kind of values it has; max_error and tolerance are that kind's */
	char reason[256];		/* for people; empty when PASSED */
	char check[16];			/* INCORRECT: what found it: "guard", "repeat"; empty: the values themselves */
	char rule[32];			/* CHEATED: the rule that was broken */
	char evidence[256];
};

/* What came of building. Strings are owned: build_report_release(). */
struct build_report {
	enum verdict verdict;		/* PASSED, BUILD_FAILED, CHEATED */
	bool cached;
	double ms;
	struct buf log;			/* the compiler's own words */
	char error[512];		/* its first error, one line */
	char rule[32], evidence[256];	/* CHEATED */
	int registers, spills, stack_bytes, shared_bytes;	/* -1: not known */
	char warning[160];		/* of the compiler, about speed: "wgmma.mma_async instructions are serialized"; "" if none */
};
void build_report_init(struct build_report *r);
void build_report_release(struct build_report *r);

/*
 * The files of the candidate in dir: every build starts with them and is named by them. What breaks a rule of candidate/rules.h is
 * the candidate's fault: BUILD_FAILED with the reason in r, nothing in out (AVO_OK). Else r's verdict is PASSED.
 */
enum avo_status build_read_source(struct source *out, struct build_report *r, const char *dir, struct error *err);

/* Room for the largest case of a job. */
struct extents {
	size_t q_elements, kv_elements;
};

#define PEER_NAME_SIZE 64

struct backend_ops {
	const char *name;				/* as in a suite: "cpu" */

	/* Whether this machine has the device; a line about it for people into device. */
	bool (*probe)(char *device, size_t size);
	enum avo_status (*open)(struct backend **out, struct error *err);
	void (*close)(struct backend *b);

	/* Compiles the candidate in dir, or finds the result in cache. A candidate's faults go into report (AVO_OK); err is for ours. */
	enum avo_status (*build)(struct build **out, struct build_report *report, struct backend *b, const char *dir,
				 const char *cache, struct error *err);
	void (*build_free)(struct build *build);

	/* A candidate that cannot be loaded says so in outcome, and *out stays NULL (AVO_OK). */
	enum avo_status (*load)(struct candidate **out, struct run_outcome *outcome, struct backend *b,
				const struct build *build, const struct extents *extents, struct error *err);
	void (*unload)(struct candidate *c);

	/* Fills the values once, runs the candidates on them one after the other, then checks every output. */
	enum avo_status (*run)(struct run_outcome *outcomes, struct backend *b, struct candidate *const *who, int count,
			       const struct run_spec *spec, struct error *err);

	/* Peak throughput in the suite's unit, measured; NAN when it cannot be. Cached for the life of the backend. */
	double (*peak)(struct backend *b, const char *unit);
	/* No candidate can be faster than this. 0: unknown. sure: before an accusation, worth a longer measurement. */
	double (*floor_seconds)(struct backend *b, const struct task_case *c, bool sure);

	const char *peak_at;				/* what peak() is: "measured", "highest clock" */

	/* As build(), of a file that a user names as a baseline. */
	enum avo_status (*build_file)(struct build **out, struct build_report *report, struct backend *b, const char *file,
				      const char *cache, struct error *err);
	/* The vendor's library as something to run, and its name with its version; AVO_ENVIRONMENT says why it is not here. */
	enum avo_status (*library)(struct candidate **out, char name[PEER_NAME_SIZE], struct backend *b,
				   const struct extents *extents, struct error *err);
	const char *library_name;			/* while it is not known better */
	const char *peer_seed, *peer_seed_name;		/* a seed that serves as a baseline, below the data directory; or NULL */
	/* Counters of one run into result. May be NULL: the backend has none. */
	enum avo_status (*profile)(cJSON *result, struct backend *b, const struct build *build, const struct task_case *c,
				   struct error *err);
	/* Facts about the device while it was timed into obj. May be NULL. */
	void (*telemetry)(cJSON *obj, struct backend *b);
};

extern const struct backend_ops cpu_backend, cuda_backend;

/* The table of backends, NULL-terminated; and the one with this name, or NULL. */
const struct backend_ops *const *backend_table(void);
const struct backend_ops *backend_find(const char *name);

#endif
