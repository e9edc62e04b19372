/*
 * Scripted use: a file whose lines are typed or run one after the other, each
 * when the one before has had all its effects. A line that begins with ':' is
 * a command, with '#' a comment; any other is keys by their names ("jj<Enter>/foo<Enter>").
 */
#ifndef AVO_UI_SCRIPT_H
#define AVO_UI_SCRIPT_H

#include "base/error.h"
#include "ui/wb.h"

struct script;

enum avo_status script_open(struct script **out, const char *path, struct error *err);
void script_free(struct script *s);		/* NULL is fine */
/* Does the next line; false when there is none left. Call only while the workbench is idle. */
bool script_step(struct script *s, struct workbench *wb);

#endif
