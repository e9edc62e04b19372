/*
 * The process inside avo-worker that does the jobs, one after the other: reads
 * a request a line, writes progress and one result a job. The front (serve.c)
 * keeps talking to the engine meanwhile, and ends a job by killing this
 * process, with which everything it started dies.
 */
#ifndef AVO_WORKER_RUNNER_H
#define AVO_WORKER_RUNNER_H

/* Returns when `in` ends. */
void runner_main(int in, int out);

#endif
