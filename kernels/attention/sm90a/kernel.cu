/*
 * Attention forward for Hopper (sm_90a): TMA, wgmma, specialised warpgroups.
 * bf16, head_dim 128, MHA and GQA, causal and not, any lengths.
 *
 * A block is one producer warpgroup, of which one thread drives the copy engine,
 * and CONSUMERS warpgroups that hold 64 query rows each; together they walk the
 * keys in blocks of N = TILE_N_..., from the right, so that masked blocks come first.
 * Blocks are persistent: one per SM, tiles handed out by a counter or by stride.
 *
 *   shared memory   Q [Q_STAGES][TILE_M x 128], K and V [STAGES][N x 128], each as two
 *                   panels of 64 columns in the 128-byte swizzle
 *   registers       O 64 x 128 fp32, S 64 x N fp32, P the same in bf16
 *   OVERLAP         S of block j is started before P V of block j + 1, and its
 *                   softmax runs while that product does
 *   PING_PONG       warpgroups issue their products in turn, so that one's
 *                   softmax meets the other's tensor work
 *
 * Scores stay in log2 units: p = 2^(s * scale * log2 e - m). The running sum is
 * kept per thread and added across the row once, at the end.
 *
 * version  change                                              measured on one H200, mha suite, geomean TFLOPS (and
 *                                                              paired ratio to cuDNN 9.19): full, causal
 * v0       the structure above, N = 128                        697 (1.010), 682 (1.059)
 * v1       N = 176                                             690 (1.003), 683 (1.075)
 * v2       descriptors as 32-bit words, uniform in a warp:     731 (1.048), 705 (1.092)
 *          fewer instructions between products; all tiles
 *          handed out by the counter, O multiplied always
 * v3       causal: N = 128 and a second buffer for Q           731 (1.052), 706 (1.106); 30 pairs
 * v4       the first P V of a tile overwrites O: no zeroing,   764 (1.101), 714 (1.109); 30 pairs
 *          and S runs on over the end of a tile
 * tried    the next tile's S in front of the epilogue          736 (1.069), 697 (1.100), NEXT_EARLY; 0: 752, 698
 *          the same with N = 160 and two buffers for Q         762 (1.099), 714 (1.109)
 *          exponentials forced in front of the wait for P V    712 (1.021), 681 (1.058), EARLY_SOFTMAX on v2
 *          no turn-taking                                      739 (1.055), 657 (1.011), PING_PONG on v3
 *          P V waited for before the next S is started         655 (0.935), 637 (0.979), OVERLAP on v3
 *          O multiplied only when a maximum moved              732 (1.045), 702 (1.079), RESCALE on v3
 *          short rows of the mask first                           -         682 (1.049), LONGEST_FIRST on v3
 */
/* ---- parameters: read by plan.c too ---- */
#define TILE_N_FULL 176		// avo: 96|128|160|176
#define TILE_N_CAUSAL 128	// avo: 96|128|160|176
#define STAGES 2		// avo: 2|3
#define Q_STAGES_FULL 1		// avo: 1|2
#define Q_STAGES_CAUSAL 2	// avo: 1|2
#define OVERLAP 1		// avo: 0|1
#define EARLY_SOFTMAX 0		// avo: 0|1
#define PING_PONG 1		// avo: 0|1
#define NEXT_EARLY 0		// avo: 0|1
#define RESCALE 0		// avo: 0|1|2
#define DYNAMIC_FULL 1		// avo: 0|1
#define DYNAMIC_CAUSAL 1	// avo: 0|1
#define LONGEST_FIRST 1		// avo: 0|1
#define L2_SECTION_MIB_FULL 16	// avo: 8|16|32|64
#define L2_SECTION_MIB_CAUSAL 32	// avo: 8|16|32|64
#define PRODUCER_REGISTERS 24	// avo: 24|32|40

/*
 * OVERLAP        S of a block is started before P V of the block in front of it
 * EARLY_SOFTMAX  all exponentials are computed before P V is waited for
 * PING_PONG      the warpgroups issue their products in turn
 * NEXT_EARLY     the next tile's first S is started before this tile's O is written
 * Q_STAGES_...   buffers for Q; a second one is filled while the tile before is computed
 * RESCALE        0: multiply O every block; 1: when a maximum of the warp's rows moved;
 *                2: when one moved by more than RESCALE_LOG2, in log2 units; exact all
 *                the same, since P then carries that factor until the end
 * DYNAMIC_...    tiles are handed out by a counter in the workspace, else by stride
 * L2_SECTION_... keys and values that a section of heads may occupy; sections go one
 *                after the other
 */
#define RESCALE_LOG2 8.0f	// avo: 4.0f|8.0f|12.0f

#define HEAD_DIM 128
#define CONSUMERS 2	/* a third one would have 160 registers a thread, and spill */
#define TILE_M (64 * CONSUMERS)
#define THREADS (128 * (CONSUMERS + 1))
/* A block starts with 168 registers a thread: more than 3 * 168 together would be waited for without end. */
#define CONSUMER_REGISTERS (PRODUCER_REGISTERS > 24 ? 232 : 240)

#define TILE_N(causal) ((causal) ? TILE_N_CAUSAL : TILE_N_FULL)
#define Q_STAGES(causal) ((causal) ? Q_STAGES_CAUSAL : Q_STAGES_FULL)
#define Q_BYTES (TILE_M * HEAD_DIM * 2)
#define KV_BYTES(causal) (TILE_N(causal) * HEAD_DIM * 2)
#define SHARED_K(causal) (Q_STAGES(causal) * Q_BYTES)
#define SHARED_V(causal) (SHARED_K(causal) + STAGES * KV_BYTES(causal))
#define SHARED_BARRIERS(causal) (SHARED_V(causal) + STAGES * KV_BYTES(causal))
#define SHARED_BYTES(causal) (SHARED_BARRIERS(causal) + 256 + 1024)	/* 1024 to align the start */

#ifdef __CUDACC__
#include <avo/device/wgmma.cuh>

static_assert(CONSUMERS * CONSUMER_REGISTERS + PRODUCER_REGISTERS <= 3 * 168, "setmaxnreg would wait for ever");

enum { /* offsets of the mbarriers, 8 bytes each */
	Q_FULL = 0,
	Q_EMPTY = Q_FULL + 16,
	K_FULL = Q_EMPTY + 16,
	K_EMPTY = K_FULL + 8 * STAGES,
	V_FULL = K_EMPTY + 8 * STAGES,
	V_EMPTY = V_FULL + 8 * STAGES,
	TILE_FULL = V_EMPTY + 8 * STAGES,
	TILE_EMPTY = TILE_FULL + 16,
	TILE_SLOTS = TILE_EMPTY + 16,
};

struct problem {
	int q_len, kv_len, q_heads, group, batch_heads;
	int tiles, section;	/* tiles in all; heads whose keys and values share the L2 at a time */
	float scale_log2;
};

struct tile {
	int m, head, batch, blocks;
};

/* A position in a ring of buffers and the parity of its barriers' phase. */
template <int SLOTS> struct ring {
	int slot, parity;
	AVO_DEVICE_MEMBER void next()
	{
		if (++slot == SLOTS) {
			slot = 0;
			parity ^= 1;
		}
	}
};

/* Tiles of one section of heads at a time, the long rows of a causal mask first. */
template <bool CAUSAL> AVO_DEVICE tile find_tile(const problem &p, int index)
{
	constexpr int N = TILE_N(CAUSAL);
	int rows = (p.q_len + TILE_M - 1) / TILE_M;
	int section = index / (p.section * rows);
	int rest = index - section * p.section * rows;
	int heads = min(p.section, p.batch_heads - section * p.section);
	int head = section * p.section + rest % heads;
	int m = rest / heads;
	int end = p.kv_len;

	if (CAUSAL && LONGEST_FIRST)
		m = rows - 1 - m;
	if (CAUSAL)
		end = min(end, (m + 1) * TILE_M + p.kv_len - p.q_len);
	return { m, head % p.q_heads, head / p.q_heads, (end + N - 1) / N };
}

AVO_DEVICE void load_panels(unsigned shared, const avo_tensormap *map, unsigned barrier, int rows, int head, int row,
			    int batch)
{
	avo_mbarrier_expect(barrier, rows * HEAD_DIM * 2);
	avo_tma_load(shared, map, barrier, 0, head, row, batch);
	avo_tma_load(shared + rows * 128, map, barrier, 64, head, row, batch);
}

template <bool CAUSAL, bool DYNAMIC>
AVO_DEVICE void produce(const problem &p, const avo_tensormap *q, const avo_tensormap *k, const avo_tensormap *v,
			unsigned *counter, unsigned shared, unsigned bars)
{
	constexpr int N = TILE_N(CAUSAL);
	ring<STAGES> kr = { 0, 1 }, vr = { 0, 1 };
	ring<Q_STAGES(CAUSAL)> qr = { 0, 1 };
	int index = blockIdx.x;

	for (int n = 0; index < p.tiles; n++) {
		tile t = find_tile<CAUSAL>(p, index);
		int kv_head = t.head / p.group;
		int next = DYNAMIC ? gridDim.x + atomicAdd(counter, 1u) : index + gridDim.x;

		avo_mbarrier_wait(bars + Q_EMPTY + 8 * qr.slot, qr.parity);
		load_panels(shared + qr.slot * Q_BYTES, q, bars + Q_FULL + 8 * qr.slot, TILE_M, t.head, t.m * TILE_M, t.batch);
		qr.next();
		for (int j = t.blocks - 1; j >= -1; j--) {
			if (j >= 0) {
				avo_mbarrier_wait(bars + K_EMPTY + 8 * kr.slot, kr.parity);
				load_panels(shared + SHARED_K(CAUSAL) + kr.slot * KV_BYTES(CAUSAL), k, bars + K_FULL + 8 * kr.slot, N,
					    kv_head, j * N, t.batch);
				kr.next();
			}
			if (j < t.blocks - 1) {
				avo_mbarrier_wait(bars + V_EMPTY + 8 * vr.slot, vr.parity);
				load_panels(shared + SHARED_V(CAUSAL) + vr.slot * KV_BYTES(CAUSAL), v, bars + V_FULL + 8 * vr.slot, N,
					    kv_head, (j + 1) * N, t.batch);
				vr.next();
			}
		}
		if (DYNAMIC) {
			avo_mbarrier_wait(bars + TILE_EMPTY + 8 * (n & 1), (n >> 1 & 1) ^ 1);
			asm volatile("st.shared.u32 [%0], %1;" ::"r"(bars + TILE_SLOTS + 4 * (n & 1)), "r"(next) : "memory");
			avo_mbarrier_arrive(bars + TILE_FULL + 8 * (n & 1));
		}
		index = next;
	}
}

/* Where the tile loop of a consumer goes next. */
template <bool DYNAMIC> AVO_DEVICE int next_tile(int index, int n, unsigned bars)
{
	int next = index + gridDim.x;

	if (DYNAMIC) {
		avo_mbarrier_wait(bars + TILE_FULL + 8 * (n & 1), n >> 1 & 1);
		asm volatile("ld.shared.u32 %0, [%1];" : "=r"(next) : "r"(bars + TILE_SLOTS + 4 * (n & 1)) : "memory");
		__syncwarp();
		if (threadIdx.x % 32 == 0)
			avo_mbarrier_arrive(bars + TILE_EMPTY + 8 * (n & 1));
	}
	return next;
}

/* What a consumer warpgroup keeps in registers; [2] are the rows r and r + 8 of a thread. */
template <int N> struct state {
	float o[HEAD_DIM / 2];
	float s[N / 2];
	unsigned p[N / 4];
	float max[2], sum[2], alpha[2];
};

template <int N> AVO_DEVICE void start_scores(state<N> &st, unsigned q, unsigned k)
{
	q = avo_uniform(q);
	k = avo_uniform(k);
	avo_pin(st.s);
	avo_wgmma_fence();
#pragma unroll
	for (int i = 0; i < HEAD_DIM / 16; i++)
		avo_wgmma_ss<N>(st.s, q + i / 4 * (TILE_M * 128 >> 4) + i % 4 * 2,
				     k + i / 4 * (N * 128 >> 4) + i % 4 * 2, avo_wgmma_high(1024),
				avo_wgmma_high(1024), i != 0);
	avo_wgmma_commit();
}

template <int N> AVO_DEVICE void start_output(state<N> &st, unsigned v, bool first)
{
	v = avo_uniform(v);
	avo_pin(st.o);
	avo_pin(st.p);
	avo_wgmma_fence();
#pragma unroll
	for (int i = 0; i < N / 16; i++)
		avo_wgmma_rs<HEAD_DIM>(st.o, st.p + 4 * i, v + i * (16 * 128 >> 4), avo_wgmma_high(1024),
				       !first || i != 0);
	avo_wgmma_commit();
}

/* Scores at and beyond limit[row], counted from this thread's first column, become -inf. */
template <int N> AVO_DEVICE void mask_scores(state<N> &st, const int (&limit)[2])
{
#pragma unroll
	for (int i = 0; i < N / 2; i++)
		if (i / 4 * 8 + i % 2 >= limit[i / 2 % 2])
			st.s[i] = -AVO_INFINITY;
}

/* Maximum, exponentials and sums of a block; s becomes p in fp32, alpha what O must be multiplied by. */
template <bool MASKED, int N> AVO_DEVICE void softmax(state<N> &st, float scale_log2)
{
#pragma unroll
	for (int r = 0; r < 2; r++) {
		float old = st.max[r], top = old;
#pragma unroll
		for (int i = 0; i < N / 8; i++)
			top = fmaxf(top, fmaxf(st.s[4 * i + 2 * r], st.s[4 * i + 2 * r + 1]));
		top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
		top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
		if (RESCALE == 2 && (top - old) * scale_log2 <= RESCALE_LOG2)
			top = old;
		st.max[r] = top;
		float base = MASKED && top == -AVO_INFINITY ? 0.0f : top * scale_log2;
		float sum = 0;
		st.alpha[r] = avo_exp2(old * scale_log2 - base);
#pragma unroll
		for (int i = 0; i < N / 8; i++) {
			float a = avo_exp2(fmaf(st.s[4 * i + 2 * r], scale_log2, -base));
			float b = avo_exp2(fmaf(st.s[4 * i + 2 * r + 1], scale_log2, -base));
			st.s[4 * i + 2 * r] = a;
			st.s[4 * i + 2 * r + 1] = b;
			sum += a + b;
		}
		st.sum[r] = st.sum[r] * st.alpha[r] + sum;
	}
}

template <int N> AVO_DEVICE void pack_weights(state<N> &st)
{
#pragma unroll
	for (int i = 0; i < N / 4; i++)
		st.p[i] = avo_pack_bf16(st.s[2 * i], st.s[2 * i + 1]);
}

template <int N> AVO_DEVICE void rescale_output(state<N> &st)
{
	if (RESCALE && !__any_sync(~0u, st.alpha[0] != 1.0f || st.alpha[1] != 1.0f))
		return;
#pragma unroll
	for (int i = 0; i < HEAD_DIM / 2; i++)
		st.o[i] *= st.alpha[i / 2 % 2];
}

/* Divides by the row sums and writes the rows below q_len, 16 bytes a lane. */
template <int N> AVO_DEVICE void write_output(state<N> &st, const problem &p, const tile &t, int row, avo_bf16 *out)
{
#pragma unroll
	for (int r = 0; r < 2; r++) {
		float sum = st.sum[r];
		sum += __shfl_xor_sync(~0u, sum, 1);
		sum += __shfl_xor_sync(~0u, sum, 2);
		float inverse = 1.0f / sum;
		long long at = ((long long)t.batch * p.q_len + row + 8 * r) * p.q_heads + t.head;
#pragma unroll
		for (int g = 0; g < HEAD_DIM / 32; g++) {
			unsigned w[4];
#pragma unroll
			for (int i = 0; i < 4; i++)
				w[i] = avo_pack_bf16(st.o[16 * g + 4 * i + 2 * r] * inverse,
						     st.o[16 * g + 4 * i + 2 * r + 1] * inverse);
avo_quad_transpose(w);
			if (row + 8 * r < p.q_len)
				*(uint4 *)(out + at * HEAD_DIM + 32 * g + 8 * (threadIdx.x % 4)) = make_uint4(w[0], w[1], w[2], w[3]);
		}
	}
}

/* One consumer warpgroup: its place among the consumers, its rings, its shared memory. */
template <bool CAUSAL> struct consumer {
	int wg, lane;
	unsigned bars;
	unsigned q, k, v;	/* low words of the descriptors of Q's rows and of the first K and V buffer */
	ring<STAGES> kr, vr;
	ring<Q_STAGES(CAUSAL)> qr;

	AVO_DEVICE_MEMBER void release(unsigned barrier)
	{
		if (lane == 0)
			avo_mbarrier_arrive(bars + barrier);
	}
	AVO_DEVICE_MEMBER void scores(state<TILE_N(CAUSAL)> &st, bool more = true)
	{
		if (more)
			avo_mbarrier_wait(bars + K_FULL + 8 * kr.slot, kr.parity);
		if (PING_PONG)
			avo_bar_sync(1 + wg, 256);
		start_scores(st, q + qr.slot * (Q_BYTES >> 4), k + kr.slot * (KV_BYTES(CAUSAL) >> 4));
	}
	AVO_DEVICE_MEMBER void output(state<TILE_N(CAUSAL)> &st, bool first)
	{
		avo_mbarrier_wait(bars + V_FULL + 8 * vr.slot, vr.parity);
		start_output(st, v + vr.slot * (KV_BYTES(CAUSAL) >> 4), first);
	}
	AVO_DEVICE_MEMBER void pass_turn()
	{
		if (PING_PONG)
			avo_bar_arrive(1 + (wg + 1) % CONSUMERS, 256);
	}
	AVO_DEVICE_MEMBER void scores_done(state<TILE_N(CAUSAL)> &st)
	{
		avo_pin(st.s);
		release(K_EMPTY + 8 * kr.slot);
		kr.next();
	}
	AVO_DEVICE_MEMBER void output_done(state<TILE_N(CAUSAL)> &st)	/* behind its wait */
	{
		avo_pin(st.o);
		release(V_EMPTY + 8 * vr.slot);
		vr.next();
	}
};

/* A block that is not the tile's first: its scores, and the output of the block before. */
template <bool MASKED, bool CAUSAL, int N>
AVO_DEVICE void step(consumer<CAUSAL> &c, state<N> &st, const int (&limit)[2], int j, bool first, float scale_log2)
{
	c.scores(st);
	if (OVERLAP) {
		c.output(st, first);
		c.pass_turn();
		avo_wgmma_wait<1>();
	} else {
		c.pass_turn();
		avo_wgmma_wait<0>();
	}
	c.scores_done(st);
	if (MASKED) {
		int left[2] = { limit[0] - j * N, limit[1] - j * N };
		mask_scores(st, left);
	}
	softmax<MASKED>(st, scale_log2);
	if (OVERLAP) {
		if (EARLY_SOFTMAX)
			avo_order(st.sum[0] + st.sum[1]);
		avo_wgmma_wait<0>();
		c.output_done(st);
	}
	pack_weights(st);
	rescale_output(st);
	if (!OVERLAP) {
		c.output(st, false);
		avo_wgmma_wait<0>();
		c.output_done(st);
	}
}

/* Starts the first S of a tile. Behind the last tile it does so for nothing: ptxas wants no branch round a product. */
template <bool CAUSAL, int N> AVO_DEVICE void begin_tile(consumer<CAUSAL> &c, state<N> &st, bool more)
{
	if (more)
		avo_mbarrier_wait(c.bars + Q_FULL + 8 * c.qr.slot, c.qr.parity);
	c.scores(st, more);
	c.pass_turn();
}

/* From the wait for the first S of a tile to the start of its last P V. */
template <bool CAUSAL, int N>
AVO_DEVICE void walk_tile(consumer<CAUSAL> &c, state<N> &st, const problem &p, const tile &t, int row)
{
	int first = t.m * TILE_M + c.wg * 64;	/* this warpgroup's first row; `row` is the thread's */
	int shift = p.kv_len - p.q_len;
	int column = 2 * (c.lane % 4);
	int limit[2], unmasked = p.kv_len;
	int j = t.blocks - 1;

#pragma unroll
	for (int r = 0; r < 2; r++) {
		limit[r] = (CAUSAL ? min(p.kv_len, row + 8 * r + shift + 1) : p.kv_len) - column;
		st.max[r] = -AVO_INFINITY;
		st.sum[r] = 0;
	}
	if (CAUSAL)
		unmasked = min(unmasked, first + shift + 1);
	unmasked /= N;

	avo_wgmma_wait<0>();
	c.scores_done(st);
	if (j >= unmasked) {
		int left[2] = { limit[0] - j * N, limit[1] - j * N };
		mask_scores(st, left);
	}
	softmax<true>(st, p.scale_log2);
	pack_weights(st);
	if (!OVERLAP) {
		c.output(st, true);
		avo_wgmma_wait<0>();
		c.output_done(st);
	}
	for (j--; j >= unmasked; j--)
		step<true>(c, st, limit, j, j == t.blocks - 2, p.scale_log2);
	for (; j >= 0; j--)
		step<false>(c, st, limit, j, j == t.blocks - 2, p.scale_log2);
	c.release(Q_EMPTY + 8 * c.qr.slot);
	c.qr.next();
	if (OVERLAP)
		c.output(st, t.blocks == 1);
}

/* The tiles of a consumer warpgroup; there is at least one. */
template <bool CAUSAL, bool DYNAMIC>
AVO_DEVICE void consume(consumer<CAUSAL> &c, const problem &p, avo_bf16 *out)
{
	state<TILE_N(CAUSAL)> st;
	int index = blockIdx.x;
	bool more = true;

	if (PING_PONG && c.wg == CONSUMERS - 1)
		avo_bar_arrive(1, 256);
	begin_tile(c, st, more);
	for (int n = 0; more; n++) {
		tile t = find_tile<CAUSAL>(p, index);
		int row = t.m * TILE_M + c.wg * 64 + threadIdx.x % 128 / 32 * 16 + c.lane / 4;

		walk_tile(c, st, p, t, row);
		index = next_tile<DYNAMIC>(index, n, c.bars);
		more = index < p.tiles;
		if (NEXT_EARLY) {
			begin_tile(c, st, more);
			avo_wgmma_wait<1>();
		} else {
			avo_wgmma_wait<0>();
		}
		if (OVERLAP)
			c.output_done(st);
		write_output(st, p, t, row, out);
		if (!NEXT_EARLY)
			begin_tile(c, st, more);
	}
	avo_wgmma_wait<0>();
}

template <bool CAUSAL, bool DYNAMIC>
AVO_DEVICE void attention(const avo_tensormap *q, const avo_tensormap *k, const avo_tensormap *v, avo_bf16 *out,
			  unsigned *counter, const problem &p)
{
	extern __shared__ unsigned char raw[];
	unsigned shared = (avo_shared(raw) + 1023) & ~1023u;
	unsigned bars = shared + SHARED_BARRIERS(CAUSAL);
	int group = threadIdx.x / 128;

	if (threadIdx.x == 0) {
		for (int i = 0; i < Q_STAGES(CAUSAL); i++) {
			avo_mbarrier_init(bars + Q_FULL + 8 * i, 1);
			avo_mbarrier_init(bars + Q_EMPTY + 8 * i, 4 * CONSUMERS);
		}
		for (int i = 0; i < STAGES; i++) {
			avo_mbarrier_init(bars + K_FULL + 8 * i, 1);
			avo_mbarrier_init(bars + V_FULL + 8 * i, 1);
			avo_mbarrier_init(bars + K_EMPTY + 8 * i, 4 * CONSUMERS);
			avo_mbarrier_init(bars + V_EMPTY + 8 * i, 4 * CONSUMERS);
		}
		for (int i = 0; i < 2; i++) {
			avo_mbarrier_init(bars + TILE_FULL + 8 * i, 1);
			avo_mbarrier_init(bars + TILE_EMPTY + 8 * i, 4 * CONSUMERS);
		}
		avo_mbarrier_init_fence();
	}
	__syncthreads();

	if (group == 0) {
		avo_registers_shrink<PRODUCER_REGISTERS>();
		if (threadIdx.x == 0)
			produce<CAUSAL, DYNAMIC>(p, q, k, v, counter, shared, bars);
	} else {
		avo_registers_grow<CONSUMER_REGISTERS>();
		int wg = group - 1;
		consumer<CAUSAL> c = { wg, (int)threadIdx.x % 32, bars,
			       avo_wgmma_low(shared + wg * 64 * 128, 0),
			       avo_wgmma_low(shared + SHARED_K(CAUSAL), 0),
			       avo_wgmma_low(shared + SHARED_V(CAUSAL), TILE_N(CAUSAL) * 128), { 0, 0 }, { 0, 0 }, { 0, 0 } };

		consume<CAUSAL, DYNAMIC>(c, p, out);
	}
}

#define ATTENTION(name, causal)                                                                                        \
	extern "C" __global__ void __launch_bounds__(THREADS, 1)                                                       \
		name(const __grid_constant__ avo_tensormap q, const __grid_constant__ avo_tensormap k,                 \
		     const __grid_constant__ avo_tensormap v, avo_bf16 *out, unsigned *counter, int q_len, int kv_len, \
		     int q_heads, int group, int batch_heads, int tiles, int section, float scale_log2)               \
	{                                                                                                              \
		problem p = { q_len, kv_len, q_heads, group, batch_heads, tiles, section, scale_log2 };                \
		attention<causal, causal ? DYNAMIC_CAUSAL : DYNAMIC_FULL>(&q, &k, &v, out, counter, p);                \
	}

ATTENTION(attention_full, false)
ATTENTION(attention_causal, true)
#endif
