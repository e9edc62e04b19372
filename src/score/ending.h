/*
 * The end of a worker's client. A scheduler's or an ssh client has work to do
 * when it is told to end: withdraw a job from a queue, end a step on a node.
 * One that is killed leaves both behind, and srun's helper, which would end the
 * step, is in the same process group. So, for the group: time to leave by itself
 * (its stdin has ended), SIGTERM and time to obey, and only then SIGKILL.
 */
#ifndef AVO_SCORE_ENDING_H
#define AVO_SCORE_ENDING_H

#include <sys/types.h>

#include "base/loop.h"

struct ending;

/* killed: it had to be; what it had started elsewhere may still run. The ending is gone once this is called. */
typedef void ending_fn(void *arg, bool killed);

/*
 * pid leads a process group and, unless reaped, is nobody else's to wait for. asked: it was told to leave and gets time for that first.
 * Never waits; done is called from the loop.
 */
struct ending *ending_begin(struct loop *loop, pid_t pid, bool reaped, bool asked, ending_fn *done, void *arg);
/* For those whose loop does not run any more: waits for the same to happen, calls nothing. NULL is fine. */
void ending_finish(struct ending *e);

#endif
