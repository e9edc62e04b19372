/* The tools that reach the engine: evaluate, profile, the ledger of directions, notes, the end of a step. */
#include "avo.h"
#include "agent/tools.h"

#include <stdarg.h>

void tool_evaluate(struct tool_call *call, const cJSON *args)
{
	const struct tool_port *port = &call->box->port;
	const struct direction *d = state_direction(call->box->state, (int)json_int(args, "direction", -1));
	const char *why = "it cannot be evaluated now", *title = json_str(args, "title", "");

	if (!*title)
		call_error(call, "give a title: what was changed, in a line");
	else if (!port->evaluate(port->arg, title, json_str(args, "why", NULL), d ? d->id : -1,
				 json_bool(args, "again", false), &why))
		call_error(call, "%s", why);
}

void tool_profile(struct tool_call *call, const cJSON *args)
{
	const struct tool_port *port = &call->box->port;
	const char *why = "it cannot be profiled now";

	if (!port->profile(port->arg, json_str(args, "what", "work"), json_str(args, "case", NULL), json_str(args, "against", NULL),
			   json_bool(args, "again", false), &why))
		call_error(call, "%s", why);
}

static void open_direction(struct tool_call *call, const cJSON *args)
{
	const struct tool_port *port = &call->box->port;
	const char *title = json_str(args, "title", "");
	char text[96];

	if (!*title) {
		call_error(call, "open needs a title: the idea in a line");
		return;
	}
	snprintf(text, sizeof(text), "d%d is open. Name it (direction) when you evaluate for it.",
		 port->direction_open(port->arg, title, json_str(args, "hypothesis", NULL), json_str(args, "expected", NULL)));
	call_answer(call, text);
}

void tool_direction(struct tool_call *call, const cJSON *args)
{
	const struct tool_port *port = &call->box->port;
	const struct direction *d = state_direction(call->box->state, (int)json_int(args, "direction", -1));
	const char *action = json_str(args, "action", "");
	enum direction_state state = direction_state_parse(json_str(args, "state", "tried"));
	char text[64];

	if (strcmp(action, "open") == 0) {
		open_direction(call, args);
	} else if (strcmp(action, "close") != 0) {
		call_error(call, "'%.40s' is not open or close", action);
	} else if (!d || d->state != DIRECTION_OPEN) {
		call_error(call, "there is no open direction %lld; open ones stand in the ledger with a number", (long long)json_int(args, "direction", -1));
	} else if (state == DIRECTION_OPEN) {
		call_error(call, "'state' is one of tried, failed, partial, merged, dropped");
	} else {
		snprintf(text, sizeof(text), "d%d is closed: %s.", d->id, direction_state_name(state));
		port->direction_close(port->arg, d->id, state, json_str(args, "outcome", NULL));
		call_answer(call, text);
	}
}

void tool_note(struct tool_call *call, const cJSON *args)
{
	const struct tool_port *port = &call->box->port;
	const char *note = json_str(args, "text", "");
	int64_t forget = json_int(args, "forget", 0);
	char text[96];

	if (forget) {
		if (port->note_remove(port->arg, (int)forget))
			call_answer(call, "It is forgotten.");
		else
			call_error(call, "there is no note %lld", (long long)forget);
	} else if (!*note) {
		call_error(call, "give the text of the note, or the number of one to forget");
	} else if (strlen(note) > 1000) {
		call_error(call, "a note holds at most 1000 bytes: keep the fact, leave out the story");
	} else {
		snprintf(text, sizeof(text), "kept as note %d", port->note_add(port->arg, note));
		call_answer(call, text);
	}
}

void tool_submit(struct tool_call *call, const cJSON *args)
{
	const struct tool_port *port = &call->box->port;
	const char *summary = json_str(args, "summary", "");

	if (!*summary) {
		call_error(call, "say in the summary what was tried, what was measured and what should come next");
		return;
	}
	port->submit(port->arg, summary);
	call_answer(call, "The step ends here.");
}
