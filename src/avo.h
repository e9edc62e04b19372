/*
 * The first include of every source file: feature macros and the two types
 * that every failable function of avo uses.
 */
#ifndef AVO_H
#define AVO_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#if defined(__GNUC__)
#define AVO_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define AVO_NORETURN __attribute__((noreturn))
#else
#define AVO_PRINTF(fmt, first)
#define AVO_NORETURN
#endif
/* GCC takes another optimisation for one function; clang has no such thing and takes the file's. */
#if defined(__GNUC__) && !defined(__clang__)
#define AVO_OPTIMIZE(...) __attribute__((optimize(__VA_ARGS__)))
#else
#define AVO_OPTIMIZE(...)
#endif

#endif
