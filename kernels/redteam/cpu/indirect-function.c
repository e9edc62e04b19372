// redteam: verdict=cheated rule=load-time-code check=load-time-code@build
// The same through the back door: an indirect function's resolver is called by the loader.
#include "honest.h"

typedef int attention_fn(const struct avo_attention *);

static int real(const struct avo_attention *a)
{
	return honest(a);
}

static attention_fn *resolve(void)
{
	return real;
}

int avo_attention(const struct avo_attention *a) __attribute__((ifunc("resolve")));
