#include "mkrun.h"

static const char head[] =
	"/* Attention forward in float32 on one core, tiled over queries and keys, with an online softmax. */\n"
	"#include <math.h>\n"
	"#include <string.h>\n"
	"\n"
	"#include <avo/attention.h>\n"
	"\n"
	"#define TILE_Q %d // avo: 4|8|16|32\n"
	"#define TILE_K %d // avo: 16|32|64|128\n"
	"#define UNROLL %d // avo: 1|2|4|8\n"
	"\n";

static const char poly[] =
	"/* 2^x by a polynomial of degree 5 on [-1/2, 1/2]; relative error below 3e-7. */\n"
	"static inline float exp2_fast(float x)\n"
	"{\n"
	"\tfloat n = rintf(x), f = x - n;\n"
	"\tfloat p = 1.0f + f * (0.69314718f + f * (0.24022651f + f * (0.05550357f + f * (0.00961814f + f * 0.00133336f))));\n"
	"\n"
	"\treturn n < -126.0f ? 0.0f : ldexpf(p, (int)n);\n"
	"}\n"
	"\n";

static const char dot[] =
	"static float dot(const float *a, const float *b, int n)\n"
	"{\n"
	"\tfloat sum[UNROLL] = { 0 };\n"
	"\n"
	"\tfor (int d = 0; d < n; d += UNROLL)\n"
	"\t\tfor (int u = 0; u < UNROLL; u++)\n"
	"\t\t\tsum[u] += a[d + u] * b[d + u];\n"
	"\tfor (int u = 1; u < UNROLL; u++)\n"
	"\t\tsum[0] += sum[u];\n"
	"\treturn sum[0];\n"
	"}\n"
	"\n";

static const char pack[] =
	"/* A tile of keys, transposed, so that neighbouring scores come from neighbouring floats. */\n"
	"static void pack_keys(float *out, const float *k, int stride, int rows, int head_dim)\n"
	"{\n"
	"\tfor (int j = 0; j < rows; j++)\n"
	"\t\tfor (int d = 0; d < head_dim; d++)\n"
	"\t\t\tout[d * TILE_K + j] = k[(size_t)j * stride + d];\n"
	"}\n"
	"\n";

static const char row_open[] =
	"static void attend_row(const struct avo_attention *a, const float *q, const float *k, const float *v, float *out, int seen)\n"
	"{\n"
	"\tint stride = a->kv_heads * a->head_dim;\n"
	"\tfloat top = -INFINITY, sum = 0.0f, s[TILE_K];\n"
	"\n"
	"\tmemset(out, 0, sizeof(*out) * (size_t)a->head_dim);\n";

static void put_scores(struct buf *out, const struct variant *v)
{
	const char *exponent = v->poly_exp ? "exp2_fast((s[j] - rise) * 1.44269504f)" : "expf(s[j] - rise)";
	const char *fade = v->poly_exp ? "exp2_fast((top - rise) * 1.44269504f)" : "expf(top - rise)";

	buf_printf(out, "\tfor (int first = 0; first < %s; first += TILE_K) {\n", v->skip_tiles ? "seen" : "a->kv_len");
	buf_addstr(out, "\t\tint rows = a->kv_len - first < TILE_K ? a->kv_len - first : TILE_K;\n"
			"\t\tfloat rise = top, fade;\n\n");
	if (v->packed_keys)
		buf_addstr(out, "\t\tpack_keys(a->workspace, k + (size_t)first * stride, stride, rows, a->head_dim);\n");
	buf_addstr(out, "\t\tfor (int j = 0; j < rows; j++) {\n");
	if (v->packed_keys)
		buf_addstr(out, "\t\t\ts[j] = a->scale * dot_packed(q, (const float *)a->workspace + j, a->head_dim);\n");
	else
		buf_addstr(out, "\t\t\ts[j] = a->scale * dot(q, k + (size_t)(first + j) * stride, a->head_dim);\n");
	buf_addstr(out, "\t\t\tif (first + j >= seen)\n\t\t\t\ts[j] = -INFINITY;\n");
	if (v->mistake)
		buf_printf(out, "\t\t\t%s\n", v->mistake);
	buf_printf(out, "\t\t\trise = fmaxf(rise, s[j]);\n\t\t}\n\t\tfade = %s;\n", fade);
	buf_addstr(out, "\t\tsum *= fade;\n"
			"\t\tfor (int d = 0; d < a->head_dim; d++)\n"
			"\t\t\tout[d] *= fade;\n");
	buf_printf(out, "\t\tfor (int j = 0; j < rows; j++) {\n\t\t\tfloat p = %s;\n\n", exponent);
	buf_addstr(out, "\t\t\tsum += p;\n"
			"\t\t\tfor (int d = 0; d < a->head_dim; d++)\n"
			"\t\t\t\tout[d] += p * v[(size_t)(first + j) * stride + d];\n"
			"\t\t}\n\t\ttop = rise;\n\t}\n");
}

static void put_entry(struct buf *out, const struct variant *v)
{
	buf_addstr(out, "int avo_attention(const struct avo_attention *a)\n{\n\tint group = a->q_heads / a->kv_heads;\n\n");
	if (v->row_pairs)
		buf_addstr(out, "\t/* Two heads of a group read the same keys while these are in the cache. */\n");
	buf_addstr(out, "\tfor (int b = 0; b < a->batch; b++)\n");
	if (v->row_pairs)
		buf_addstr(out, "\t\tfor (int i = 0; i < a->q_len; i++)\n\t\t\tfor (int h = 0; h < a->q_heads; h++) {\n");
	else
		buf_addstr(out, "\t\tfor (int h = 0; h < a->q_heads; h++)\n\t\t\tfor (int i = 0; i < a->q_len; i++) {\n");
	buf_addstr(out, "\t\t\t\tsize_t q = (((size_t)b * a->q_len + i) * a->q_heads + h) * a->head_dim;\n"
			"\t\t\t\tsize_t k = ((size_t)b * a->kv_len * a->kv_heads + h / group) * a->head_dim;\n"
			"\t\t\t\tint seen = a->causal ? i + a->kv_len - a->q_len + 1 : a->kv_len;\n\n"
			"\t\t\t\tattend_row(a, a->q + q, a->k + k, a->v + k, a->out + q, seen);\n"
			"\t\t\t}\n\treturn 0;\n}\n");
}

void variant_source(struct buf *out, const struct variant *v)
{
	buf_printf(out, head, v->tile_q, v->tile_k, v->unroll);
	if (v->poly_exp)
		buf_addstr(out, poly);
	if (v->packed_keys) {
		buf_addstr(out, pack);
		buf_addstr(out, "static float dot_packed(const float *q, const float *k, int n)\n{\n\tfloat sum = 0.0f;\n\n"
				"\tfor (int d = 0; d < n; d++)\n\t\tsum += q[d] * k[d * TILE_K];\n\treturn sum;\n}\n\n");
	} else {
		buf_addstr(out, dot);
	}
	buf_addstr(out, row_open);
	put_scores(out, v);
	if (v->reciprocal)
		buf_addstr(out, "\tsum = 1.0f / sum;\n\tfor (int d = 0; d < a->head_dim; d++)\n\t\tout[d] *= sum;\n}\n\n");
	else
		buf_addstr(out, "\tfor (int d = 0; d < a->head_dim; d++)\n\t\tout[d] /= sum;\n}\n\n");
	put_entry(out, v);
}
