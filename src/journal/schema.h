/*
 * What each type of event holds: the one list that the table in ARCHITECTURE.md
 * and every journal that a test makes are compared with. Readers stay lenient (an unknown
 * member of a later version is no fault of a journal); writers are held to it.
 */
#ifndef AVO_JOURNAL_SCHEMA_H
#define AVO_JOURNAL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

struct event_schema {
	const char *type;
	/*
	 * Members, separated by blanks: NAME:KIND, in brackets when it may be missing. KIND is text, number, bool, object,
	 * list, or a letter: an id such as "v3". SCORE and COMPARISON stand for the members of those.
	 */
	const char *members;
	bool more;		/* and what else the worker's result holds */
};

/* The table, ended by a NULL type. */
extern const struct event_schema journal_schema[];

/* AVO_CORRUPT and the reason when this is no event as avo writes them. */
enum avo_status journal_check_event(const cJSON *event, struct error *err);

#endif
