/*
 * avo.conf: the one table of every key, with its default and a line about it.
 * run_create writes a commented avo.conf from it, avo.conf(5) is made from
 * it, and unknown keys are reported against it.
 */
#ifndef AVO_ENGINE_SETTINGS_H
#define AVO_ENGINE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/error.h"
#include "engine/engine.h"

enum setting_type { SETTING_TEXT, SETTING_INT, SETTING_NUMBER, SETTING_BOOL, SETTING_DURATION };

struct setting {
	const char *key;		/* "budget.steps" */
	enum setting_type type;
	const char *fallback;		/* as it would be written; "" : not set */
	const char *help;		/* one sentence, no full stop */
};

/* Ends with a NULL key. Keys of a section stand together. */
extern const struct setting settings_table[];
const struct setting *setting_find(const char *key);
const char *setting_type_name(enum setting_type t);	/* "a whole number", ... */

/* What the engine itself reads; operators read their own sections. Limits of 0 mean none. */
struct settings {
	char *name, *backend, *suite, *operator_name, *gate;	/* texts are owned, never NULL */
	bool accept_matched;
	int64_t budget_time_ms, budget_steps, budget_attempts, budget_tokens;
	double budget_cost;
	char *worker;
	int64_t backoff_ms, outage_ms;
	int64_t deadline_ms, min_pairs, max_pairs, cache_mib;
	double confidence, match_tolerance, max_seconds;
	bool peers, profile;
	char *profile_case;
	bool supervisor;
	int64_t stall, repeats, same_errors, cycle, idle_steps, tool_cycle, stall_ms, cooldown;
	double burn;
};

/* Checks every value in the file by the table's type; AVO_USAGE names the key. To be released, also when it failed. */
enum avo_status settings_load(struct settings *out, const struct conf *conf, struct error *err);
void settings_release(struct settings *s);
/* Appends a whole commented avo.conf: every key with its help, those of o set, the rest as comments. */
void settings_print(struct buf *out, const struct run_options *o);
/* Appends a sentence for each unknown key: "budget.step is unknown; did you mean budget.steps?" */
void settings_unknown(struct buf *out, const struct conf *conf);

#endif
