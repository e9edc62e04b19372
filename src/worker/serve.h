/* avo-worker's conversation with the engine: ARCHITECTURE.md, "Worker protocol". */
#ifndef AVO_WORKER_SERVE_H
#define AVO_WORKER_SERVE_H

/* Speaks on descriptors 0 and 1 until stdin ends or `quit`; returns an exit status. */
int worker_serve(void);

#endif
