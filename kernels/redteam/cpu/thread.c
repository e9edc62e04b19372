// redteam: verdict=cheated rule=syscall check=syscall
// Lets a second thread do half of the rows: twice as fast on the wall clock of one core's task.
#include "honest.h"

#include <pthread.h>

static void *half(void *arg)
{
	const struct avo_attention *a = arg;
	size_t r;

	for (r = 0; r < rows_of(a) / 2; r++)
		honest_row(a, r);
	return NULL;
}

int avo_attention(const struct avo_attention *a)
{
	pthread_t thread;
	size_t r;

	if (pthread_create(&thread, NULL, half, (void *)a) != 0)
		return 1;
	for (r = rows_of(a) / 2; r < rows_of(a); r++)
		honest_row(a, r);
	return pthread_join(thread, NULL);
}
