#include "avo.h"
#include "operator/builtin.h"

static const struct operator_ops *const table[] = {
	&operator_mutate,
	&operator_manual,
	&operator_agent,
};

const struct operator_ops *operator_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		if (strcmp(table[i]->name, name) == 0)
			return table[i];
	return NULL;
}

const struct operator_ops *operator_at(size_t i)
{
	return i < ARRAY_LEN(table) ? table[i] : NULL;
}

const char *operator_names(void)
{
	return "mutate, manual, agent";
}

const char *step_outcome_name(enum step_outcome o)
{
	static const char *const names[] = {
		[STEP_COMMITTED] = "committed",
		[STEP_GAVE_UP] = "gave-up",
		[STEP_BUDGET] = "budget",
		[STEP_STOPPED] = "stopped",
		[STEP_EXHAUSTED] = "exhausted",
		[STEP_UNREADABLE] = "stopped",
	};

	return names[o];
}
