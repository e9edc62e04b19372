/* The operators that are built in; each is one file that defines its table of functions. */
#ifndef AVO_OPERATOR_BUILTIN_H
#define AVO_OPERATOR_BUILTIN_H

#include "operator/operator.h"

extern const struct operator_ops operator_mutate, operator_manual, operator_agent;

#endif
