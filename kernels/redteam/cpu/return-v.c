// redteam: verdict=incorrect check=values
// Copies V: right where a row sees one key only, and of the right size everywhere.
#include "honest.h"

int avo_attention(const struct avo_attention *a)
{
	size_t d = (size_t)a->head_dim, r, i, b, head, row = (size_t)a->kv_heads * d;

	for (r = 0; r < rows_of(a); r++) {
		head = r % (size_t)a->q_heads / (size_t)(a->q_heads / a->kv_heads);
		i = r / (size_t)a->q_heads % (size_t)a->q_len % (size_t)a->kv_len;
		b = r / (size_t)a->q_heads / (size_t)a->q_len;
		memcpy(a->out + r * d, a->v + (b * (size_t)a->kv_len + i) * row + head * d, d * sizeof(float));
	}
	return 0;
}
