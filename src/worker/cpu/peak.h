/* The most that one core can do: fused multiply-adds in registers, nothing else. */
#ifndef AVO_WORKER_CPU_PEAK_H
#define AVO_WORKER_CPU_PEAK_H

/* GFLOPS in f32 of the widest instructions that -march=native would use here; about 60 ms. */
double peak_measure(void);

#endif
