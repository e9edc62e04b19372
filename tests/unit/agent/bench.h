/*
 * A bench for the operator agent: an engine small enough for a unit test (it
 * keeps a real journal and a real lineage, grants actions and scores
 * evaluations at once) and a model on a real socket, whose turns are a function of the test's.
 */
#ifndef AVO_TESTS_AGENT_BENCH_H
#define AVO_TESTS_AGENT_BENCH_H

#include "base/clock.h"
#include "base/conf.h"
#include "base/mem.h"
#include "base/path.h"
#include "journal/journal.h"
#include "operator/builtin.h"
#include "tests/lib/model_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct bench {
	struct operator_host host;	/* first: the operator's handle is the bench */
	char *dir, *work;
	struct loop *loop;
	struct run_state state;
	struct lineage *lineage;
	struct journal *journal;
	struct conf *conf;
	struct model_server *server;
	void *op;
	/* the model */
	void (*model)(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out);
	enum model_wire wire;
	int asks;
	const char *fault;		/* what a strict server would refuse in the newest request; NULL: nothing */
	struct buf last_request;
	/* the engine */
	bool hold;			/* actions wait for permission */
	bool asked;
	int actions, evaluations;
	bool evaluating;
	bool commit;			/* the next evaluation becomes a version */
	int steps_done;
	enum step_outcome outcome;
	char outcome_text[256];
	int warnings, usages;
	cJSON *profile;			/* asked for, not answered yet */
	int profiles;
	char last_warning[640];
	char last_wait[512];		/* what was shown live */
	int waits;
	int calls_counted;		/* actions whose call the supervisor may compare with others */
};

static const struct operator_ops *const ops = &operator_agent;

int bench_set_up(void **state);
int bench_tear_down(void **state);
void bench_open(struct bench *b);		/* the operator */
void bench_begin(struct bench *b, const char *guidance);
/* The engine permits the action that is asked for. */
void bench_go(void *arg);
/* The newest request to the model holds these words. */
bool requested(const struct bench *b, const char *words);
void use_tool(struct model_turn *turn, const char *name, const char *input);

/* Serves the loop until cond holds. */
#define UNTIL(b, cond) do { \
		int64_t give_up_ = clock_mono_ms() + 60000; \
		while (!(cond) && clock_mono_ms() < give_up_) \
			loop_once((b)->loop, 20); \
		assert_true(cond); \
	} while (0)

#endif
