/* Which core a candidate gets: the one that was least used, with the worker kept off it. */
#ifndef AVO_WORKER_CPU_CORES_H
#define AVO_WORKER_CPU_CORES_H

/* Chooses among the cores this process may use by their load since the last call (or over a short moment the first time). -1: unknown. */
int cores_pick(void);
/* Keeps the calling process off this core where it has another; -1 gives all back. */
void cores_avoid(int core);
/* Moves the calling thread to this core (-1: stays where it is), until cores_avoid(). */
void cores_use(int core);
/* "Intel(R) Xeon(R) Processor" into out. */
void cores_model(char *out, unsigned long size);

#endif
