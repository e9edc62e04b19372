/* What the command line itself must know of this machine's GPU; everything else is the worker's. */
#ifndef AVO_CLI_GPU_H
#define AVO_CLI_GPU_H

/* The seed that suits the first GPU here, by its compute capability; NULL where there is no GPU. Static. */
const char *gpu_seed(void);

#endif
