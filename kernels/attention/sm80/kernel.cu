/*
 * Attention forward for Ampere and later (sm_80): mma.sync, cp.async, ldmatrix.
 * bf16, head_dim 64 and 128, MHA and GQA, causal and not, any lengths.
 *
 * A block of WARPS warps holds TILE_M query rows, TILE_M / WARPS of them a warp,
 * and walks the keys in blocks of TILE_N, from the right, so that masked blocks
 * come first. Rows in shared memory are head_dim long, 16-byte chunks XORed by
 * row % 8, so that neither cp.async nor ldmatrix meets a bank twice.
 *
 *   STAGES 1   K and V have one buffer each: V arrives during Q K^T, the next K
 *              during the softmax and P V; two block barriers a step
 *   STAGES 2   two buffers each, loaded one step ahead; one barrier a step
 *
 * Scores stay in log2 units: p = 2^(s * scale * log2 e - m). The running sum is
 * kept per thread and added across the row once, at the end.
 *
 * version  change                                              measured on one H200 (mha suite, geomean, TFLOPS)
 * v0       the structure above                                 387 full, 389 causal; 0.558 and 0.605 of cuDNN 9.19 in paired runs
 */
/* ---- parameters: read by plan.c too ---- */
#define TILE_M 128		// avo: 64|128
#define TILE_N 64		// avo: 32|64|128
#define WARPS 4			// avo: 4|8
#define STAGES 1		// avo: 1|2
#define BLOCKS_PER_SM 2		// avo: 1|2
#define RESCALE 1		// avo: 0|1|2
#define LONGEST_FIRST 1		// avo: 0|1
#define L2_SECTION_MIB 32	// avo: 8|16|32|64

/* RESCALE 0: multiply O every block; 1: when a maximum of the warp's rows moved;
 * 2: when one moved by more than 2^RESCALE_LOG2, exact all the same, since P then
 * only carries that factor until the end. */
#define RESCALE_LOG2 8.0f	// avo: 4.0f|8.0f|12.0f

#define THREADS (32 * WARPS)
#define SHARED_BYTES(depth) ((TILE_M + 2 * STAGES * TILE_N) * (depth) * 2)

#ifdef __CUDACC__
#include <avo/device/ptx.cuh>

#define M_TILES (TILE_M / WARPS / 16)	/* 16-row fragments of a warp */
#define N_TILES (TILE_N / 8)		/* 8-key fragments of a block of keys */

struct problem {
	const avo_bf16 *q, *k, *v;
	avo_bf16 *out;
	int q_len, kv_len, q_heads, kv_heads, batch;
	int section;		/* heads whose keys and values share the L2 at a time */
	float scale_log2;
};

struct tile {
	int m, head, batch, blocks;
};

/* Tiles of one section of heads at a time, the long rows of a causal mask first. */
template <bool CAUSAL> AVO_DEVICE tile find_tile(const problem &p, int index)
{
	int rows = (p.q_len + TILE_M - 1) / TILE_M;
	int section = index / (p.section * rows);
	int rest = index - section * p.section * rows;
	int heads = min(p.section, p.batch * p.q_heads - section * p.section);
	int head = section * p.section + rest % heads;
	int m = rest / heads;
	int end = p.kv_len;

	if (CAUSAL && LONGEST_FIRST)
		m = rows - 1 - m;
	if (CAUSAL)
		end = min(end, (m + 1) * TILE_M + p.kv_len - p.q_len);
	return { m, head % p.q_heads, head / p.q_heads, (end + TILE_N - 1) / TILE_N };
}

/* Address of 16-byte chunk `chunk` of row `row`. */
template <int DEPTH> AVO_DEVICE unsigned chunk_at(unsigned base, int row, int chunk)
{
	return base + row * DEPTH * 2 + ((chunk ^ (row & 7)) << 4);
}

/* Rows [first, first + ROWS) of one head to shared memory; rows from `end` on are zeros. */
template <int DEPTH, int ROWS>
AVO_DEVICE void load_rows(unsigned base, const avo_bf16 *head, int row_elements, int first, int end)
{
	constexpr int CHUNKS = DEPTH / 8, STEP = THREADS / CHUNKS;
	int row = threadIdx.x / CHUNKS, chunk = threadIdx.x % CHUNKS;
	const avo_bf16 *from = head + (long long)(first + row) * row_elements + chunk * 8;
	unsigned to = chunk_at<DEPTH>(base, row, chunk);

#pragma unroll
	for (int i = 0; i < ROWS; i += STEP) {
		avo_cp_async(to + i * DEPTH * 2, from, first + row + i < end);
		from += STEP * row_elements;
	}
}

/* What a warp keeps in registers. Rows of a thread: 16 * m + lane / 4, and that + 8. */
template <int DEPTH> struct state {
	float o[M_TILES][DEPTH / 8][4];
	float s[M_TILES][N_TILES][4];
	float max[M_TILES][2], sum[M_TILES][2], alpha[M_TILES][2];
};

/*
 * s = Q K^T; `q` is the warp's first row in shared memory, a multiple of 16 rows.
 * The swizzle is linear, so a lane's chunk 2 * d further is its address XOR 32 * d.
 */
template <int DEPTH> AVO_DEVICE void scores(state<DEPTH> &st, unsigned q, unsigned k)
{
	int lane = threadIdx.x % 32;
	unsigned q_lane = chunk_at<DEPTH>(q, lane % 16, lane / 16);
	unsigned k_lane = chunk_at<DEPTH>(k, lane % 8 + lane / 16 * 8, lane / 8 % 2);

#pragma unroll
	for (int m = 0; m < M_TILES; m++)
#pragma unroll
		for (int n = 0; n < N_TILES; n++)
#pragma unroll
			for (int e = 0; e < 4; e++)
				st.s[m][n][e] = 0;
#pragma unroll
	for (int d = 0; d < DEPTH / 16; d++) {
		unsigned a[M_TILES][4];
#pragma unroll
		for (int m = 0; m < M_TILES; m++)
			avo_ldmatrix(a[m], (q_lane ^ 32 * d) + 16 * m * DEPTH * 2);
#pragma unroll
		for (int n = 0; n < N_TILES; n += 2) {
			unsigned b[4];
			avo_ldmatrix(b, (k_lane ^ 32 * d) + 8 * n * DEPTH * 2);
#pragma unroll
			for (int m = 0; m < M_TILES; m++) {
				avo_mma(st.s[m][n], a[m], b[0], b[1]);
				avo_mma(st.s[m][n + 1], a[m], b[2], b[3]);
			}
		}
	}
}

/* o += P V; P is packed from s on the way. */
template <int DEPTH> AVO_DEVICE void output(state<DEPTH> &st, unsigned v)
{
	int lane = threadIdx.x % 32;
	unsigned v_lane = chunk_at<DEPTH>(v, lane % 16, lane / 16);

#pragma unroll
	for (int n = 0; n < N_TILES; n += 2) {
		unsigned a[M_TILES][4];
#pragma unroll
		for (int m = 0; m < M_TILES; m++)
#pragma unroll
			for (int e = 0; e < 4; e++)
				a[m][e] = avo_pack_bf16(st.s[m][n + e / 2][e % 2 * 2], st.s[m][n + e / 2][e % 2 * 2 + 1]);
#pragma unroll
		for (int d = 0; d < DEPTH / 8; d += 2) {
			unsigned b[4];
			avo_ldmatrix_transposed(b, (v_lane ^ 16 * d) + 8 * n * DEPTH * 2);
#pragma unroll
			for (int m = 0; m < M_TILES; m++) {
				avo_mma(st.o[m][d], a[m], b[0], b[1]);
				avo_mma(st.o[m][d + 1], a[m], b[2], b[3]);
			}
		}
	}
}

/* Keys at and beyond limit - 16 * m - 8 * r of a row, counted from this thread's first column, become -inf. */
template <int DEPTH, bool CAUSAL> AVO_DEVICE void mask_scores(state<DEPTH> &st, int end, int diagonal)
{
#pragma unroll
	for (int m = 0; m < M_TILES; m++)
#pragma unroll
		for (int n = 0; n < N_TILES; n++)
#pragma unroll
			for (int e = 0; e < 4; e++) {
				int column = 8 * n + e % 2;
				if (column >= end || (CAUSAL && column > diagonal + 16 * m + e / 2 * 8))
					st.s[m][n][e] = -AVO_INFINITY;
			}
}

/* Maximum, exponentials and sums of a block; s becomes p in fp32, alpha what O must be multiplied by. */
template <int DEPTH> AVO_DEVICE void softmax(state<DEPTH> &st, float scale_log2)
{
#pragma unroll
	for (int m = 0; m < M_TILES; m++)
#pragma unroll
		for (int r = 0; r < 2; r++) {
			float old = st.max[m][r], top = old, sum = 0;
#pragma unroll
			for (int n = 0; n < N_TILES; n++)
				top = fmaxf(top, fmaxf(st.s[m][n][2 * r], st.s[m][n][2 * r + 1]));
			top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
			top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
			if (RESCALE == 2 && (top - old) * scale_log2 <= RESCALE_LOG2)
				top = old;
			float base = top == -AVO_INFINITY ? 0.0f : top * scale_log2;
			st.max[m][r] = top;
			st.alpha[m][r] = avo_exp2(old * scale_log2 - base);
#pragma unroll
			for (int n = 0; n < N_TILES; n++)
#pragma unroll
				for (int e = 2 * r; e < 2 * r + 2; e++) {
					st.s[m][n][e] = avo_exp2(fmaf(st.s[m][n][e], scale_log2, -base));
					sum += st.s[m][n][e];
				}
			st.sum[m][r] = st.sum[m][r] * st.alpha[m][r] + sum;
		}
}

template <int DEPTH> AVO_DEVICE void rescale_output(state<DEPTH> &st)
{
#pragma unroll
	for (int m = 0; m < M_TILES; m++) {
		if (RESCALE && !__any_sync(~0u, st.alpha[m][0] != 1.0f || st.alpha[m][1] != 1.0f))
			continue;
#pragma unroll
		for (int d = 0; d < DEPTH / 8; d++)
#pragma unroll
			for (int e = 0; e < 4; e++)
				st.o[m][d][e] *= st.alpha[m][e / 2];
	}
}

/* Divides by the row sums and writes the rows below q_len, 16 bytes a lane. */
template <int DEPTH> AVO_DEVICE void write_output(state<DEPTH> &st, const problem &p, const tile &t, int row)
{
#pragma unroll
	for (int m = 0; m < M_TILES; m++)
#pragma unroll
		for (int r = 0; r < 2; r++) {
			int at = row + 16 * m + 8 * r;
			float sum = st.sum[m][r];
			sum += __shfl_xor_sync(~0u, sum, 1);
			sum += __shfl_xor_sync(~0u, sum, 2);
			float inverse = 1.0f / sum;
			avo_bf16 *to = p.out + (((long long)t.batch * p.q_len + at) * p.q_heads + t.head) * DEPTH;
#pragma unroll
			for (int g = 0; g < DEPTH / 32; g++) {
				unsigned w[4];
#pragma unroll
				for (int i = 0; i < 4; i++)
					w[i] = avo_pack_bf16(st.o[m][4 * g + i][2 * r] * inverse,
							     st.o[m][4 * g + i][2 * r + 1] * inverse);
				avo_quad_transpose(w);
				if (at < p.q_len)
					*(uint4 *)(to + 32 * g + 8 * (threadIdx.x % 4)) = make_uint4(w[0], w[1], w[2], w[3]);
			}
		}
}

template <int DEPTH, bool CAUSAL> AVO_DEVICE void attention(const problem &p)
{
	extern __shared__ __align__(1024) unsigned char raw[];
	constexpr unsigned KV_BYTES = TILE_N * DEPTH * 2;
	tile t = find_tile<CAUSAL>(p, blockIdx.x);
	unsigned q_shared = avo_shared(raw), k_shared = q_shared + TILE_M * DEPTH * 2;
	unsigned v_shared = k_shared + STAGES * KV_BYTES;
	int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
	int row = t.m * TILE_M + warp * 16 * M_TILES + lane / 4;	/* this thread's first row */
	int shift = p.kv_len - p.q_len, column = 2 * (lane % 4);
	int kv_head = t.head / (p.q_heads / p.kv_heads);
	int kv_row = p.kv_heads * DEPTH, q_row = p.q_heads * DEPTH;	/* elements */
	const avo_bf16 *k = p.k + (long long)t.batch * p.kv_len * kv_row + kv_head * DEPTH;
	const avo_bf16 *v = p.v + (long long)t.batch * p.kv_len * kv_row + kv_head * DEPTH;
	const avo_bf16 *q = p.q + (long long)t.batch * p.q_len * q_row + t.head * DEPTH;
	int unmasked = p.kv_len / TILE_N;	/* blocks left of this one need no mask */
	state<DEPTH> st;

	if (CAUSAL)
		unmasked = min(unmasked, (t.m * TILE_M + warp * 16 * M_TILES + shift + 1) / TILE_N);
#pragma unroll
	for (int m = 0; m < M_TILES; m++) {
#pragma unroll
		for (int r = 0; r < 2; r++) {
			st.max[m][r] = -AVO_INFINITY;
			st.sum[m][r] = 0;
		}
#pragma unroll
		for (int d = 0; d < DEPTH / 8; d++)
#pragma unroll
			for (int e = 0; e < 4; e++)
				st.o[m][d][e] = 0;
	}

	load_rows<DEPTH, TILE_M>(q_shared, q, q_row, t.m * TILE_M, p.q_len);
	load_rows<DEPTH, TILE_N>(k_shared, k, kv_row, (t.blocks - 1) * TILE_N, p.kv_len);
	if (STAGES == 2)
		load_rows<DEPTH, TILE_N>(v_shared, v, kv_row, (t.blocks - 1) * TILE_N, p.kv_len);
	avo_cp_async_commit();

	int slot = 0;
	for (int j = t.blocks - 1; j >= 0; j--) {
		avo_cp_async_wait<0>();
		__syncthreads();
		if (STAGES == 1) {
			load_rows<DEPTH, TILE_N>(v_shared, v, kv_row, j * TILE_N, p.kv_len);
		} else if (j > 0) {
			unsigned other = (slot ^ 1) * KV_BYTES;
			load_rows<DEPTH, TILE_N>(k_shared + other, k, kv_row, (j - 1) * TILE_N, p.kv_len);
			load_rows<DEPTH, TILE_N>(v_shared + other, v, kv_row, (j - 1) * TILE_N, p.kv_len);
		}
		avo_cp_async_commit();
		scores<DEPTH>(st, q_shared + warp * 16 * M_TILES * DEPTH * 2, k_shared + slot * KV_BYTES);
		if (STAGES == 1) {
			avo_cp_async_wait<0>();
			__syncthreads();
			if (j > 0)
				load_rows<DEPTH, TILE_N>(k_shared, k, kv_row, (j - 1) * TILE_N, p.kv_len);
			avo_cp_async_commit();
		}
		if (j >= unmasked)
			mask_scores<DEPTH, CAUSAL>(st, p.kv_len - j * TILE_N - column, row + shift - j * TILE_N - column);
		softmax<DEPTH>(st, p.scale_log2);
		rescale_output<DEPTH>(st);
		output<DEPTH>(st, v_shared + slot * KV_BYTES);
		if (STAGES == 2)
			slot ^= 1;
	}
	write_output<DEPTH>(st, p, t, row);
}

#define ATTENTION(name, depth, causal)                                                                                 \
	extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS_PER_SM)                                           \
		name(const avo_bf16 *q, const avo_bf16 *k, const avo_bf16 *v, avo_bf16 *out, int q_len, int kv_len,    \
		     int q_heads, int kv_heads, int batch, int section, float scale_log2)                              \
	{                                                                                                              \
		attention<depth, causal>({ q, k, v, out, q_len, kv_len, q_heads, kv_heads, batch, section, scale_log2 }); \
	}

ATTENTION(attention_64_full, 64, false)
ATTENTION(attention_64_causal, 64, true)
ATTENTION(attention_128_full, 128, false)
ATTENTION(attention_128_causal, 128, true)
#endif
