/* The worker's side of a candidate's process (host.h): starts it, calls it, holds the clock, says how it ended. */
#ifndef AVO_WORKER_CPU_PROCESS_H
#define AVO_WORKER_CPU_PROCESS_H

#include <sys/types.h>

#include "worker/backend.h"
#include "worker/cpu/host.h"

struct cpu_process;

struct process_spec {
	const char *object;			/* the shared object */
	int input_fd;				/* read-only descriptor of the inputs */
	size_t input_bytes;
	size_t output_bytes;
	int core;
};

/* Starts it and waits until it is ready. A candidate's failure goes into outcome and leaves *out NULL (AVO_OK). */
enum avo_status process_start(struct cpu_process **out, struct run_outcome *outcome, const struct process_spec *spec,
			      struct error *err);
void process_stop(struct cpu_process *p);
/* The output memory, output_bytes long; mapped here too. Borrowed. */
char *process_output(const struct cpu_process *p);

/*
 * One call. PASSED: it came back with 0 and outcome has the times. `limit` is
 * the CPU time it may take, in seconds. The command's nonce is set here.
 */
void process_call(struct run_outcome *outcome, struct cpu_process *p, struct host_command *command, double limit);

#endif
