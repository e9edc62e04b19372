/*
 * What `avo doctor` looks at: a table of checks, each of which prints one or more
 * lines, and says what is missing, what that costs and what to do.
 */
#ifndef AVO_CLI_DOCTOR_H
#define AVO_CLI_DOCTOR_H

#include "cli/cli.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_NOTE,		/* works, with something worth knowing */
	DOCTOR_MISSING,		/* absent; something optional cannot be done */
	DOCTOR_BROKEN,		/* the cpu backend cannot run without it */
};

struct doctor {
	const struct cli_call *call;
	const char *dir;	/* of the run, or where one would be made */
	bool cpu;		/* false once something broken was seen */
	bool cuda;		/* a device answered, and NVRTC is there */
};

/* One line. hint: what it costs and what to do; NULL when there is nothing to say. */
void doctor_say(struct doctor *d, enum doctor_state state, const char *check, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The first line of what a program prints, without its newline, owned; NULL when it does not run or fails. */
char *doctor_first_line(const char *const *argv);

/* doctor_machine.c */
void doctor_terminal(struct doctor *d);
void doctor_locale(struct doctor *d);
void doctor_processor(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_file_system(struct doctor *d);
void doctor_socket(struct doctor *d);
void doctor_session(struct doctor *d);
/* doctor_software.c */
void doctor_compiler(struct doctor *d);
void doctor_worker(struct doctor *d);
void doctor_data(struct doctor *d);
void doctor_libraries(struct doctor *d);
void doctor_git(struct doctor *d);
void doctor_openblas(struct doctor *d);
/* doctor_model.c */
void doctor_model(struct doctor *d);
/* doctor_cuda.c */
void doctor_cuda(struct doctor *d);

#endif
