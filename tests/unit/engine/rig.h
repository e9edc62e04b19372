/* A run in a temporary directory, scored by tests/lib/fake_worker, and an engine on it. */
#ifndef AVO_TESTS_ENGINE_RIG_H
#define AVO_TESTS_ENGINE_RIG_H

#include "avo.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "control/client.h"
#include "engine/engine.h"
#include "journal/journal.h"
#include "journal/state.h"
#include "lineage/lineage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct rig {
	char *top, *dir;		/* dir: the run, in top */
	struct control_client *client;
	struct run_state state;		/* as of the last rig_load */
	struct error err;
};

/* Four parameters, 3*3*3*2 = 54 candidates. */
extern const char rig_seed[];

/* Makes a run from the text of kernel.c. Operator "mutate" unless named; worker_args may be "". */
void rig_new(struct rig *r, const char *seed, const char *operator_name, const char *gate, const char *worker_args);
void rig_free(struct rig *r);		/* stops the engine too */
void rig_set(struct rig *r, const char *key, const char *value);	/* avo.conf */

/* Runs an engine in this process until it has ended. */
enum avo_status rig_run(struct rig *r, int64_t steps, int64_t attempts);
/* Starts the daemon, connects. */
void rig_start(struct rig *r, struct engine_options o);
void rig_stop(struct rig *r);
/* kill -9, and waits until the lock is free. */
void rig_kill(struct rig *r);
bool rig_alive(struct rig *r);

/* Reads the journal into r->state. */
void rig_load(struct rig *r);
/* Loads again and again until pred holds; fails the test after 60 s. */
typedef bool rig_predicate(const struct run_state *s, int number);
void rig_wait(struct rig *r, rig_predicate *pred, int number, const char *what);
bool rig_in_state(const struct run_state *s, int state);
bool rig_has_attempts(const struct run_state *s, int number);

/* One command; the answer is owned, NULL when it was refused (r->err tells). Members: pairs of key and string, then NULL. */
cJSON *rig_command(struct rig *r, const char *name, ...);
/* The same, which must be accepted. */
void rig_must(struct rig *r, const char *name, ...);

/* The count of journal lines of a type, and the newest of them (owned by the caller, NULL when there is none). */
int rig_events(struct rig *r, const char *type, cJSON **newest);
/* Runs a shell command in the run directory: its exit status. */
int rig_shell(struct rig *r, const char *command);
/* As if the run had been created for backend cuda: what its record says is in force. */
void rig_on_cuda(struct rig *r);

#endif
