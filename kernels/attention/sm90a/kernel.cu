/*
 * Attention forward for Hopper (sm_90a): TMA, wgmma, specialised warpgroups, clusters.
 * bf16, MHA and GQA, causal and not, any lengths; head_dim 128, or 64 or 256 by HEAD_DIM.
 *
 * A block is one producer warpgroup, of which one thread drives the copy engine,
 * and CONSUMERS warpgroups that hold 64 query rows each; together they walk the
 * keys in blocks of N = TILE_N_..., from the right, so that masked blocks come first.
 * Blocks are persistent: one per SM, tiles handed out by a counter or by stride.
 * The blocks of a cluster take neighbouring tiles of a head and share its keys:
 * each loads a part of every buffer into all of them.
 *
 *   shared memory   Q [Q_STAGES][TILE_M x HEAD_DIM], K and V [STAGES][N x HEAD_DIM], each as
 *                   panels of 64 columns in the 128-byte swizzle
 *   registers       O 64 x HEAD_DIM fp32, S 64 x N fp32, P the same in bf16
 *   overlap         S of block j is started before P V of block j + 1, and its softmax
 *                   runs while that product does; also over the end of a tile
 *   PING_PONG       warpgroups issue their products in turn, so that one's
 *                   softmax meets the other's tensor work
 *   next tile       drawn and looked up by the producer of a cluster's block 0 long before it is
 *                   wanted, and stored into all blocks; nobody else divides integers
 *
 * The reference of the exponentials. p = 2^(s * scale * log2 e - base), where base is the
 * row's maximum over the tile's first blocks: the masked ones, and one more where some
 * row has no key in them. Behind these no maximum is looked for and O is not multiplied:
 * floating point does not mind a p above 1, in bf16 neither. Only when a row's
 * later scores are so much larger that its sum reaches SUM_LIMIT (44 above the reference,
 * in natural units), or when values of V above 2^60 meet such weights, can something
 * overflow. Both are seen when a tile is written; it is noted in the workspace, and a
 * second launch does noted tiles again with the maximum of every block. It finds none
 * otherwise, and ends; both launches are in the time. Sums of up to kv_len weights of 1
 * times V must fit fp32 on any path: |V| * kv_len < 2^128. The running sum is kept per thread and
 * added across the row once, at the end.
 *
 * version  change                                              measured on one H200, mha suite, geomean TFLOPS (and
 *                                                              paired ratio to cuDNN 9.19): full, causal
 * v0       the structure above, N = 128, exact                 697 (1.010), 682 (1.059)
 * v1       N = 176                                             690 (1.003), 683 (1.075)
 * v2       descriptors as 32-bit words, uniform in a warp:     731 (1.048), 705 (1.092)
 *          fewer instructions between products; all tiles
 *          handed out by the counter, O multiplied always
 * v3       causal: N = 128 and a second buffer for Q           731 (1.052), 706 (1.106); 30 pairs
 * v4       the first P V of a tile overwrites O: no zeroing,   764 (1.101), 714 (1.109); 30 pairs
 *          and S runs on over the end of a tile
 *
 *                                                              paired ratio to v4, geomean: full, causal
 * v5       the reference stays; a second launch for what grows 1.083, 1.114 (H100)
 * v6       full: N = 128 and two buffers for Q                 1.098, 1.114 (H100); 1.103, 1.109 (H200)
 * v7       clusters of 2; the next tile's first S in front of  1.112, 1.140 (H200); 1.101, 1.132 (the card of v8)
 *          the last P V
 * v8       the next tile is drawn, found and announced early,  1.111, 1.140 (H200); 1.126, 1.149 (the card of v9)
 *          with its place: no divisions in the consumers
 * v9       SWAP; exponentials of both rows together            1.128, 1.154 (H200); 1.109, 1.137 (H100)
 * v10      an overflow with V is seen, too; a relay frees tile 0.997, 0.994 of v9 (H200): the price of being safe by the
 *          slots across the cluster                            PTX text. To cuDNN 9.19: 1.201, 1.249 and 1.214, 1.270 on two H200s
 *
 * tried on v4, ratio to it: full, causal
 *          maximum by integers, three at a time (VIMNMX3)      1.009, 1.030; right only where a row's maximum is >= 0
 *          maximum in two chains; in four                      1.003, 1.009; 0.999, 1.007
 *          Q released behind its last product, not its softmax 1.002, 1.001; 1.006 at full-4k; kept
 *          O multiplied under a predicate, maximum lagging     0.968, 0.941
 *          P V waited for between the exponentials of two rows 0.976, 0.978
 *          K's barrier looked at early                         0.997, 0.992
 *          a cubic for every fourth exponential                0.906, 0.935
 * without, ratio to v9: full, causal
 *          clusters                                            0.981, 0.962 (H200); 0.995, 0.980 (H100)
 *          SWAP; turns (PING_PONG)                             1.000, 0.998; 1.002, 0.996
 *          the counter (tiles by stride)                       0.987, 0.958
 *          the second launch (wrong where sums grow)           1.001, 1.002
 *          all tiles done again (SUM_LIMIT 16)                 0.453, 0.435
 *          N = 128: 160; 96 without clusters                   0.995, 0.970; 0.981, 0.986
 *          two stages: three, and one buffer for Q             0.996, 0.988 (on v8)
 *          turn passed early: behind the wait for S            0.884, 0.925 (on v7)
 *          every remote arrival with .release.cluster          0.72, 0.64: it waits for more than it must
 *          arrivals under a predicate instead of a branch      0.984, 0.964 (H200)
 *
 * other head_dims: set HEAD_DIM and these parameters; ratio to cuDNN 9.19 on one H200, suites mha-hd64, mha-hd256:
 *          64   CONSUMERS 3, PRODUCER_REGISTERS 32             1.265; N = 112, 96: 0.97, 0.96 of that; two consumers: 0.90
 *          256  N = 64, Q_STAGES 1, PRODUCER_REGISTERS 24      1.125; N = 80: 1.005 of that
 */
/* ---- parameters: read by plan.c too ---- */
#define HEAD_DIM 128
#define CONSUMERS 2		// avo: 2|3
#define TILE_N_FULL 128		// avo: 64|96|128|160|176
#define TILE_N_CAUSAL 128	// avo: 64|96|128|160|176
#define STAGES 2		// avo: 2|3
#define Q_STAGES_FULL 2		// avo: 1|2
#define Q_STAGES_CAUSAL 2	// avo: 1|2
#define CLUSTER_FULL 2		// avo: 1|2
#define CLUSTER_CAUSAL 2	// avo: 1|2
#define SWAP 1			// avo: 0|1
#define PING_PONG 1		// avo: 0|1
#define DYNAMIC_FULL 1		// avo: 0|1
#define DYNAMIC_CAUSAL 1	// avo: 0|1
#define LONGEST_FIRST 1		// avo: 0|1
#define L2_SECTION_MIB_FULL 8	// avo: 8|16|32|64
#define L2_SECTION_MIB_CAUSAL 32	// avo: 8|16|32|64
#define PRODUCER_REGISTERS 72	// avo: 24|32|56|72

/*
 * CLUSTER_...     blocks that walk the same keys together; each loads its part of a buffer into all of them
 * SWAP            the blocks of a cluster take the longer tile in turn
 * PING_PONG       the warpgroups issue their products in turn
 * Q_STAGES_...    buffers for Q; a second one is filled while the tile before is computed
 * DYNAMIC_...     tiles are handed out by a counter in the workspace, else by stride
 * L2_SECTION_...  keys and values that a section of heads may occupy; sections go one after the other
 */
#define SUM_LIMIT 18446744073709551616.0f	/* 2^64; P and O are floating point: nothing is lost below it */

#define TILE_M (64 * CONSUMERS)
#define THREADS (128 * (CONSUMERS + 1))
/* What a thread has at the launch, of 65536: more than these together setmaxnreg would wait for without end. */
#define LAUNCH_REGISTERS (65536 / THREADS / 8 * 8)
#define CONSUMER_REGISTERS (((CONSUMERS + 1) * LAUNCH_REGISTERS - PRODUCER_REGISTERS) / CONSUMERS / 8 * 8)

#define TILE_N(causal) ((causal) ? TILE_N_CAUSAL : TILE_N_FULL)
#define Q_STAGES(causal) ((causal) ? Q_STAGES_CAUSAL : Q_STAGES_FULL)
#define CLUSTER(causal) ((causal) ? CLUSTER_CAUSAL : CLUSTER_FULL)
#define Q_BYTES (TILE_M * HEAD_DIM * 2)
#define KV_BYTES(causal) (TILE_N(causal) * HEAD_DIM * 2)
#define SHARED_K(causal) (Q_STAGES(causal) * Q_BYTES)
#define SHARED_V(causal) (SHARED_K(causal) + STAGES * KV_BYTES(causal))
#define SHARED_BARRIERS(causal) (SHARED_V(causal) + STAGES * KV_BYTES(causal))
#define SHARED_BYTES(causal) (SHARED_BARRIERS(causal) + 256 + 1024)	/* 1024 to align the start */

/* Words of the workspace; behind the last one a flag for each tile, then the list of the tiles to do again. */
#define WORK_COUNTER 0
#define WORK_REDO 1
#define WORK_FLAGS 2

#ifdef __CUDACC__
#include <avo/device/cluster.cuh>
#include <avo/device/wgmma.cuh>

static_assert(HEAD_DIM == 64 || HEAD_DIM == 128 || HEAD_DIM == 256, "one, two or four panels of 64 columns");

enum { /* offsets of the mbarriers, 8 bytes each */
	Q_FULL = 0,
	Q_EMPTY = Q_FULL + 16,
	K_FULL = Q_EMPTY + 16,
	K_EMPTY = K_FULL + 8 * STAGES,
	V_FULL = K_EMPTY + 8 * STAGES,
	V_EMPTY = V_FULL + 8 * STAGES,
	TILE_FULL = V_EMPTY + 8 * STAGES,
	TILE_READ = TILE_FULL + 16,
	TILE_EMPTY = TILE_READ + 16,
	TILE_SLOTS = TILE_EMPTY + 16,	/* two of 16 bytes: struct place */
};

struct problem {
	int q_len, kv_len, q_heads, group, batch_heads;
	int tiles, section;	/* tiles in all (of a cluster); heads whose keys and values share the L2 at a time */
	float scale_log2;
};

struct place {	/* of the tiles of a cluster: m is the first one's; index >= tiles: there is none */
	int index, m, head, batch;
};
static_assert(sizeof(place) == sizeof(int4), "a place travels as 16 bytes");

struct tile {
	int m, head, batch, blocks;
	int loaded;	/* blocks that are loaded: those of the longest tile in the cluster */
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
template <bool CAUSAL> AVO_DEVICE place find_place(const problem &p, int index, int which)
{
	constexpr int C = CLUSTER(CAUSAL);
	int rows = (p.q_len + TILE_M * C - 1) / (TILE_M * C);
	int section = which / (p.section * rows);
	int rest = which - section * p.section * rows;
	int heads = min(p.section, p.batch_heads - section * p.section);
	int head = section * p.section + rest % heads;
	int m = rest / heads;

	if (CAUSAL && LONGEST_FIRST)
		m = rows - 1 - m;
	return { index, m * C, head % p.q_heads, head / p.q_heads };
}

template <bool CAUSAL> AVO_DEVICE tile find_tile(const problem &p, const place &at, int rank)
{
	constexpr int N = TILE_N(CAUSAL), C = CLUSTER(CAUSAL);
	int end = p.kv_len, last = p.kv_len;

	if (CAUSAL) {
		last = min(end, (at.m + C) * TILE_M + p.kv_len - p.q_len);
		end = min(end, (at.m + rank + 1) * TILE_M + p.kv_len - p.q_len);
	}
	return { at.m + rank, at.head, at.batch, (end + N - 1) / N, (last + N - 1) / N };
}

/* The index'th tile that this launch computes; past the last one the last one's place, which nobody uses. */
template <bool REDO> AVO_DEVICE int which_tile(const problem &p, const unsigned *work, int index, int tiles)
{
	index = min(index, tiles - 1);
	return REDO ? (int)work[WORK_FLAGS + p.tiles + index] : index;
}

AVO_DEVICE void load_panels(unsigned shared, const avo_tensormap *map, unsigned barrier, int rows, int head, int row, int batch)
{
	avo_mbarrier_expect(barrier, rows * HEAD_DIM * 2);
#pragma unroll
	for (int i = 0; i < HEAD_DIM / 64; i++)
		avo_tma_load(shared + i * rows * 128, map, barrier, 64 * i, head, row, batch);
}

/* This block's part of a block of N keys or values, to all C blocks of the cluster. */
template <int C, int N>
AVO_DEVICE void load_part(unsigned shared, const avo_tensormap *map, unsigned barrier, int head, int row, int batch, int rank)
{
	constexpr int R = N / C;

	if (C == 1) {
		load_panels(shared, map, barrier, N, head, row, batch);
		return;
	}
	avo_mbarrier_expect(barrier, N * HEAD_DIM * 2);
#pragma unroll
	for (int i = 0; i < HEAD_DIM / 64; i++)
		avo_tma_load_multicast(shared + (rank * R + i * N) * 128, map, barrier, 64 * i, head, row + rank * R, batch, (1 << C) - 1);
}

/* The producer thread: its rings and what it loads through. */
template <bool CAUSAL> struct producer {
	const avo_tensormap *q, *k, *v;
	unsigned shared, bars;
	int rank;
	ring<STAGES> kr, vr;
	ring<Q_STAGES(CAUSAL)> qr;

	AVO_DEVICE_MEMBER void load_q(const tile &t)
	{
		avo_mbarrier_wait(bars + Q_EMPTY + 8 * qr.slot, qr.parity);
		load_panels(shared + qr.slot * Q_BYTES, q, bars + Q_FULL + 8 * qr.slot, TILE_M, t.head, t.m * TILE_M, t.batch);
		qr.next();
	}
	AVO_DEVICE_MEMBER void load_k(int kv_head, int batch, int j)
	{
		avo_mbarrier_wait(bars + K_EMPTY + 8 * kr.slot, kr.parity);
		load_part<CLUSTER(CAUSAL), TILE_N(CAUSAL)>(shared + SHARED_K(CAUSAL) + kr.slot * KV_BYTES(CAUSAL), k,
							   bars + K_FULL + 8 * kr.slot, kv_head, j * TILE_N(CAUSAL), batch, rank);
		kr.next();
	}
	AVO_DEVICE_MEMBER void load_v(int kv_head, int batch, int j)
	{
		avo_mbarrier_wait(bars + V_EMPTY + 8 * vr.slot, vr.parity);
		load_part<CLUSTER(CAUSAL), TILE_N(CAUSAL)>(shared + SHARED_V(CAUSAL) + vr.slot * KV_BYTES(CAUSAL), v,
							   bars + V_FULL + 8 * vr.slot, kv_head, j * TILE_N(CAUSAL), batch, rank);
		vr.next();
	}
};

AVO_DEVICE place read_place(unsigned slot)
{
	place t;

	asm volatile("ld.shared.v4.s32 {%0, %1, %2, %3}, [%4];"
		     : "=r"(t.index), "=r"(t.m), "=r"(t.head), "=r"(t.batch)
		     : "r"(slot)
		     : "memory");
	return t;
}

AVO_DEVICE void write_place(unsigned slot, const place &t)
{
	asm volatile("st.shared.v4.s32 [%0], {%1, %2, %3, %4};" ::"r"(slot), "r"(t.index), "r"(t.m), "r"(t.head), "r"(t.batch) : "memory");
}

/* Hands the n-th next tile to all blocks of the cluster; block 0 does so. */
template <int C> AVO_DEVICE void announce(unsigned bars, int n, const place &next)
{
	unsigned full = bars + TILE_FULL + 8 * (n & 1), slot = bars + TILE_SLOTS + 16 * (n & 1);

	avo_cluster_wait(bars + TILE_EMPTY + 8 * (n & 1), (n >> 1 & 1) ^ 1);
	if (C == 1) {
		write_place(slot, next);
		avo_mbarrier_arrive(full);
		return;
	}
	avo_mbarrier_expect(full, sizeof(place));
#pragma unroll
	for (int r = 0; r < C; r++)
		avo_cluster_store(avo_cluster_map(slot, r), make_int4(next.index, next.m, next.head, next.batch), avo_cluster_map(full, r));
}

/* The n-th next tile, as it was announced. */
AVO_DEVICE place hear(unsigned bars, int n)
{
	avo_mbarrier_wait(bars + TILE_FULL + 8 * (n & 1), n >> 1 & 1);
	return read_place(bars + TILE_SLOTS + 16 * (n & 1));
}

/*
 * When all of this block have read a slot, says so to block 0, which writes it again: one thread's whole work,
 * so that nobody with other work waits for a release that spans the cluster.
 */
AVO_DEVICE void relay(unsigned bars, int tiles)
{
	bool more = true;

	for (int n = 0; more; n++) {
		avo_mbarrier_wait_idle(bars + TILE_FULL + 8 * (n & 1), n >> 1 & 1, 1000000);
		more = hear(bars, n).index < tiles;
		avo_mbarrier_wait_idle(bars + TILE_READ + 8 * (n & 1), n >> 1 & 1, 1000000);
		avo_cluster_release(avo_cluster_map(bars + TILE_EMPTY + 8 * (n & 1), 0));
	}
}

/*
 * Loads come in the order in which they are used: a tile's first keys in front of the last values of the tile before.
 * The tile after this one is drawn and announced early, so that nobody waits for it.
 */
template <bool CAUSAL, bool DYNAMIC, bool REDO>
AVO_DEVICE void produce(producer<CAUSAL> &l, const problem &p, unsigned *work)
{
	constexpr int C = CLUSTER(CAUSAL);
	int tiles = REDO ? work[WORK_REDO] : p.tiles, kv_head = 0, batch = 0, index = blockIdx.x / C;
	place at = find_place<CAUSAL>(p, index, which_tile<REDO>(p, work, index, tiles));

	for (int n = 0; at.index < tiles; n++) {
		tile t = find_tile<CAUSAL>(p, at, C > 1 && SWAP ? l.rank ^ (n & 1) : l.rank);

		index += gridDim.x / C;
		if (DYNAMIC && l.rank == 0)
			index = gridDim.x / C + atomicAdd(work + WORK_COUNTER, 1u);
		l.load_q(t);
		l.load_k(t.head / p.group, t.batch, t.loaded - 1);
		if (n)
			l.load_v(kv_head, batch, 0);
		kv_head = t.head / p.group;
		batch = t.batch;
		for (int j = t.loaded - 2; j >= -1; j--) {
			if (DYNAMIC && l.rank == 0 && j == max(t.loaded - 3, -1)) {
				at = find_place<CAUSAL>(p, index, which_tile<false>(p, work, index, tiles));
				announce<C>(l.bars, n, at);
			}
			if (DYNAMIC && l.rank != 0 && j == max(t.loaded - 5, -1)) {
				avo_mbarrier_expect(l.bars + TILE_FULL + 8 * (n & 1), sizeof(place));
				at = hear(l.bars, n);
				avo_mbarrier_arrive(l.bars + TILE_READ + 8 * (n & 1));
			}
			if (j >= 0) {
				l.load_k(kv_head, batch, j);
				l.load_v(kv_head, batch, j + 1);
			}
		}
		if (!DYNAMIC)
			at = find_place<CAUSAL>(p, index, which_tile<REDO>(p, work, index, tiles));
	}
	l.load_v(kv_head, batch, 0);
}

/* Where the tile loop of a consumer goes next. */
template <bool CAUSAL, bool DYNAMIC, bool REDO>
AVO_DEVICE place next_place(const problem &p, const unsigned *work, int index, int tiles, int n, unsigned bars)
{
	constexpr int C = CLUSTER(CAUSAL);

	if (!DYNAMIC) {
		index += gridDim.x / C;
		return find_place<CAUSAL>(p, index, which_tile<REDO>(p, work, index, tiles));
	}
	place next = hear(bars, n);
	__syncwarp();
	if (threadIdx.x % 32 == 0)
		avo_mbarrier_arrive((C == 1 ? bars + TILE_EMPTY : bars + TILE_READ) + 8 * (n & 1));
	return next;
}

/* A tile whose sums or outputs left what floating point holds: the second launch does it again. */
AVO_DEVICE void note_tile(unsigned *work, const problem &p, int index)
{
	if (atomicExch(work + WORK_FLAGS + index, 1u) == 0)
		work[WORK_FLAGS + p.tiles + atomicAdd(work + WORK_REDO, 1u)] = index;
}

/* What a consumer warpgroup keeps in registers; [2] are the rows r and r + 8 of a thread. */
template <int N> struct state {
	float o[HEAD_DIM / 2];
	float s[N / 2];
	unsigned p[N / 4];
	float max[2], base[2], sum[2], alpha[2];	/* base: the maximum that exponentials are taken against, in log2 units */
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

/* The maximum of a row, of the blocks before, too; two chains, since the exponentials wait for it. */
template <int N> AVO_DEVICE float row_max(const state<N> &st, int r)
{
	float part[2] = { st.max[r], -AVO_INFINITY };

#pragma unroll
	for (int i = 0; i < N / 8; i++)
		part[i % 2] = fmaxf(part[i % 2], fmaxf(st.s[4 * i + 2 * r], st.s[4 * i + 2 * r + 1]));
	part[0] = fmaxf(part[0], part[1]);
	part[0] = fmaxf(part[0], __shfl_xor_sync(~0u, part[0], 1));
	return fmaxf(part[0], __shfl_xor_sync(~0u, part[0], 2));
}

/* Exponentials of a block against the references of its rows; s becomes p in fp32, and is added to the sums. */
template <int N> AVO_DEVICE void exponentials(state<N> &st, float scale_log2)
{
#pragma unroll
	for (int i = 0; i < N / 4; i++) {
		st.s[2 * i] = avo_exp2(fmaf(st.s[2 * i], scale_log2, -st.base[i % 2]));
		st.s[2 * i + 1] = avo_exp2(fmaf(st.s[2 * i + 1], scale_log2, -st.base[i % 2]));
		st.sum[i % 2] += st.s[2 * i] + st.s[2 * i + 1];
	}
}

/* The maximum so far becomes the reference; alpha is what O must be multiplied by. */
template <int N> AVO_DEVICE void move_reference(state<N> &st, float scale_log2)
{
#pragma unroll
	for (int r = 0; r < 2; r++) {
		float old = st.max[r];

		st.max[r] = row_max(st, r);
		st.base[r] = st.max[r] == -AVO_INFINITY ? 0.0f : st.max[r] * scale_log2;
		st.alpha[r] = avo_exp2(old * scale_log2 - st.base[r]);
		st.sum[r] *= st.alpha[r];
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
#pragma unroll
	for (int i = 0; i < HEAD_DIM / 2; i++)
		st.o[i] *= st.alpha[i / 2 % 2];
}

/*
 * Divides by the row sums and writes the rows below q_len, 16 bytes a lane. False: something in this
 * warp's rows was too large for fp32, a sum of exponentials or one of products with V.
 */
template <int N>
AVO_DEVICE bool write_output(state<N> &st, const float (&sums)[2], const problem &p, const tile &t, int row, avo_bf16 *out)
{
	unsigned watch = 0;
	bool good = true;

#pragma unroll
	for (int r = 0; r < 2; r++) {
		float sum = sums[r];
		sum += __shfl_xor_sync(~0u, sum, 1);
		sum += __shfl_xor_sync(~0u, sum, 2);
		good = good && sum < SUM_LIMIT;	/* false for NaN, too */
		float inverse = 1.0f / sum;
		long long at = ((long long)t.batch * p.q_len + row + 8 * r) * p.q_heads + t.head;
#pragma unroll
		for (int g = 0; g < HEAD_DIM / 32; g++) {
			unsigned w[4];
#pragma unroll
			for (int i = 0; i < 4; i++) {
				w[i] = avo_pack_bf16(st.o[16 * g + 4 * i + 2 * r] * inverse, st.o[16 * g + 4 * i + 2 * r + 1] * inverse);
				watch = avo_watch_finite(w[i], watch);
			}
			avo_quad_transpose(w);
			if (row + 8 * r < p.q_len)
				*(uint4 *)(out + at * HEAD_DIM + 32 * g + 8 * (threadIdx.x % 4)) = make_uint4(w[0], w[1], w[2], w[3]);
		}
	}
	return __all_sync(~0u, good && avo_was_finite(watch));
}

/* One consumer warpgroup: its place among the consumers, its rings, its shared memory. */
template <bool CAUSAL> struct consumer {
	int wg, lane;
	unsigned bars, peer;	/* peer: the barriers of the block whose rank in the cluster is the lane */
	unsigned q, k, v;	/* low words of the descriptors of Q's rows and of the first K and V buffer */
	ring<STAGES> kr, vr;
	ring<Q_STAGES(CAUSAL)> qr;

	AVO_DEVICE_MEMBER void release(unsigned barrier)
	{
		if (lane == 0)
			avo_mbarrier_arrive(bars + barrier);
	}
	AVO_DEVICE_MEMBER void release_all(unsigned barrier)	/* keys and values: to all who load into the buffer */
	{
		if (CLUSTER(CAUSAL) == 1)
			release(barrier);
		else if (lane < CLUSTER(CAUSAL))
			avo_cluster_arrive(peer + barrier);
	}
	/* Blocks that only a longer tile of the cluster needs. */
	AVO_DEVICE_MEMBER void skip_keys(int count)
	{
		for (; CLUSTER(CAUSAL) > 1 && CAUSAL && count > 0; count--) {
			avo_mbarrier_wait(bars + K_FULL + 8 * kr.slot, kr.parity);
			release_all(K_EMPTY + 8 * kr.slot);
			kr.next();
		}
	}
	AVO_DEVICE_MEMBER void skip_values(int count)
	{
		for (; CLUSTER(CAUSAL) > 1 && CAUSAL && count > 0; count--) {
			avo_mbarrier_wait(bars + V_FULL + 8 * vr.slot, vr.parity);
			release_all(V_EMPTY + 8 * vr.slot);
			vr.next();
		}
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
	/* Behind the wait for S; with the last one Q is free, too. */
	AVO_DEVICE_MEMBER void scores_done(state<TILE_N(CAUSAL)> &st, bool last, bool more = true)
	{
		avo_pin(st.s);
		if (more) {
			release_all(K_EMPTY + 8 * kr.slot);
			if (last)
				release(Q_EMPTY + 8 * qr.slot);
		}
		kr.next();
	}
	AVO_DEVICE_MEMBER void output_done(state<TILE_N(CAUSAL)> &st)	/* behind its wait */
	{
		avo_pin(st.o);
		release_all(V_EMPTY + 8 * vr.slot);
		vr.next();
	}
};

/* What the mask leaves of a tile for one thread: columns below limit[], blocks below `unmasked` whole. */
struct bounds {
	int limit[2], unmasked;
	int fixed;	/* blocks below it come behind one with a key of every row: their reference can be fixed */
};

template <bool CAUSAL> AVO_DEVICE bounds find_bounds(const consumer<CAUSAL> &c, const problem &p, const tile &t, int row)
{
	constexpr int N = TILE_N(CAUSAL);
	int shift = p.kv_len - p.q_len, seen = p.kv_len;	/* keys that all rows of the warpgroup see */
	bounds b;

#pragma unroll
	for (int r = 0; r < 2; r++)
		b.limit[r] = (CAUSAL ? min(p.kv_len, row + 8 * r + shift + 1) : p.kv_len) - 2 * (c.lane % 4);
	if (CAUSAL)
		seen = min(seen, t.m * TILE_M + c.wg * 64 + shift + 1);
	b.unmasked = seen / N;
	b.fixed = b.unmasked - (seen % N == 0 && b.unmasked < t.blocks);
	return b;
}

template <int N> AVO_DEVICE void mask_block(state<N> &st, const bounds &b, int j)
{
	int left[2] = { b.limit[0] - j * N, b.limit[1] - j * N };

	mask_scores(st, left);
}

/*
 * A block that is not the tile's first: its scores, and the output of the block before.
 * EXACT: masked, and against the maximum so far; else against the reference that there is.
 */
template <bool EXACT, bool CAUSAL, int N>
AVO_DEVICE void step(consumer<CAUSAL> &c, state<N> &st, const bounds &b, int j, bool first, float scale_log2)
{
	c.scores(st);
	c.output(st, first);
	c.pass_turn();
	avo_wgmma_wait<1>();
	c.scores_done(st, j == 0);
	if (EXACT) {
		mask_block(st, b, j);
		move_reference(st, scale_log2);
	}
	exponentials(st, scale_log2);
	avo_wgmma_wait<0>();
	c.output_done(st);
	pack_weights(st);
	if (EXACT)
		rescale_output(st);
}

/* Behind the wait for the first S of a tile. */
template <int N> AVO_DEVICE void first_block(state<N> &st, const bounds &b, int j, float scale_log2)
{
#pragma unroll
	for (int r = 0; r < 2; r++) {
		st.max[r] = -AVO_INFINITY;
		st.sum[r] = 0;
	}
	if (j >= b.unmasked)
		mask_block(st, b, j);
	move_reference(st, scale_log2);
	exponentials(st, scale_log2);
}

/* The tiles of a consumer warpgroup; there is at least one. */
template <bool CAUSAL, bool DYNAMIC, bool REDO>
AVO_DEVICE void consume(consumer<CAUSAL> &c, const problem &p, avo_bf16 *out, unsigned *work)
{
	constexpr int C = CLUSTER(CAUSAL);
	state<TILE_N(CAUSAL)> st;
	int rank = C == 1 ? 0 : avo_cluster_rank();
	int index = blockIdx.x / C, tiles = REDO ? work[WORK_REDO] : p.tiles;
	int offset = c.wg * 64 + threadIdx.x % 128 / 32 * 16 + c.lane / 4;	/* the thread's row in a tile */
	place at = find_place<CAUSAL>(p, index, which_tile<REDO>(p, work, index, tiles));
	tile t = find_tile<CAUSAL>(p, at, rank);
	bounds b = find_bounds(c, p, t, t.m * TILE_M + offset);
	bool more = true;

	if (PING_PONG && c.wg == CONSUMERS - 1)
		avo_bar_arrive(1, 256);
	c.skip_keys(t.loaded - t.blocks);
	avo_mbarrier_wait(c.bars + Q_FULL + 8 * c.qr.slot, c.qr.parity);
	c.scores(st);
	c.pass_turn();
	avo_wgmma_wait<0>();
	c.scores_done(st, t.blocks == 1);
	first_block(st, b, t.blocks - 1, p.scale_log2);
	c.skip_values(t.loaded - t.blocks);
	pack_weights(st);
	for (int n = 0; more; n++) {
		int fixed = REDO ? 0 : b.fixed, j = t.blocks - 2;
		float sums[2];

		for (; j >= fixed; j--)
			step<true>(c, st, b, j, j == t.blocks - 2, p.scale_log2);
		if (!REDO)
			for (; j >= 0; j--)
				step<false>(c, st, b, j, j == t.blocks - 2, p.scale_log2);
		c.qr.next();

		place now = at;
		int row = t.m * TILE_M + offset;

		at = next_place<CAUSAL, DYNAMIC, REDO>(p, work, at.index, tiles, n, c.bars);
		more = at.index < tiles;
		tile u = find_tile<CAUSAL>(p, at, C > 1 && SWAP ? rank ^ (n + 1 & 1) : rank);
		int skipped = more ? u.loaded - u.blocks : 0;

		/* The next tile's first S, or one of nothing behind the last tile: ptxas wants no branch round a product. */
		if (more) {
			c.skip_keys(skipped);
			avo_mbarrier_wait(c.bars + Q_FULL + 8 * c.qr.slot, c.qr.parity);
		}
		c.scores(st, more);
		c.output(st, t.blocks == 1);
		c.pass_turn();
		b = find_bounds(c, p, u, u.m * TILE_M + offset);
		sums[0] = st.sum[0];
		sums[1] = st.sum[1];
		avo_wgmma_wait<1>();
		c.scores_done(st, u.blocks == 1, more);
		first_block(st, b, u.blocks - 1, p.scale_log2);
		avo_wgmma_wait<0>();
		c.output_done(st);
		pack_weights(st);
		if (!write_output(st, sums, p, t, row, out) && !REDO && c.lane == 0)
			note_tile(work, p, now.index);
		c.skip_values(skipped);
		t = u;
	}
}

template <bool CAUSAL, bool DYNAMIC, bool REDO>
AVO_DEVICE void attention(const avo_tensormap *q, const avo_tensormap *k, const avo_tensormap *v, avo_bf16 *out,
			  unsigned *work, const problem &p)
{
	extern __shared__ unsigned char raw[];
	constexpr int C = CLUSTER(CAUSAL);
	unsigned shared = (avo_shared(raw) + 1023) & ~1023u;
	unsigned bars = shared + SHARED_BARRIERS(CAUSAL);
	int group = threadIdx.x / 128, rank = C == 1 ? 0 : avo_cluster_rank();

	if (REDO) {
		avo_wait_for_launch();
		if (blockIdx.x / C >= work[WORK_REDO])
			return;
	}
	if (threadIdx.x == 0) {
		for (int i = 0; i < Q_STAGES(CAUSAL); i++) {
			avo_mbarrier_init(bars + Q_FULL + 8 * i, 1);
			avo_mbarrier_init(bars + Q_EMPTY + 8 * i, 4 * CONSUMERS);
		}
		for (int i = 0; i < STAGES; i++) {
			avo_mbarrier_init(bars + K_FULL + 8 * i, 1);
			avo_mbarrier_init(bars + V_FULL + 8 * i, 1);
			avo_mbarrier_init(bars + K_EMPTY + 8 * i, 4 * CONSUMERS * C);
			avo_mbarrier_init(bars + V_EMPTY + 8 * i, 4 * CONSUMERS * C);
		}
		for (int i = 0; i < 2; i++) {
			avo_mbarrier_init(bars + TILE_FULL + 8 * i, 1);
			avo_mbarrier_init(bars + TILE_READ + 8 * i, 4 * CONSUMERS + (rank != 0));	/* consumers, and a producer that hears */
			avo_mbarrier_init(bars + TILE_EMPTY + 8 * i, C == 1 ? 4 * CONSUMERS : C);	/* consumers, or relays */
		}
		avo_mbarrier_init_fence();
	}
	if (C > 1)
		avo_cluster_sync();
	else
		__syncthreads();

	if (group == 0) {
		avo_registers_shrink<PRODUCER_REGISTERS>();
		if (threadIdx.x == 0) {
			producer<CAUSAL> l = { q, k, v, shared, bars, rank, { 0, 1 }, { 0, 1 }, { 0, 1 } };

			produce<CAUSAL, DYNAMIC, REDO>(l, p, work);
		} else if (DYNAMIC && C > 1 && threadIdx.x == 32) {
			relay(bars, p.tiles);
		}
	} else {
		avo_registers_grow<CONSUMER_REGISTERS>();
		int wg = group - 1;
		consumer<CAUSAL> c = { wg, (int)threadIdx.x % 32, bars, C == 1 ? bars : avo_cluster_map(bars, threadIdx.x % C),
			       avo_wgmma_low(shared + wg * 64 * 128, 0),
			       avo_wgmma_low(shared + SHARED_K(CAUSAL), 0),
			       avo_wgmma_low(shared + SHARED_V(CAUSAL), TILE_N(CAUSAL) * 128), { 0, 0 }, { 0, 0 }, { 0, 0 } };

		consume<CAUSAL, DYNAMIC, REDO>(c, p, out, work);
	}
	if (C > 1) {	/* what the other blocks send ends here, too */
		__syncwarp();
		avo_cluster_sync();
	}
}

#define ATTENTION(name, causal, dynamic, redo)                                                                         \
	extern "C" __global__ void __launch_bounds__(THREADS, 1)                                                       \
		name(const __grid_constant__ avo_tensormap q, const __grid_constant__ avo_tensormap k,                 \
		     const __grid_constant__ avo_tensormap v, avo_bf16 *out, unsigned *work, int q_len, int kv_len,    \
		     int q_heads, int group, int batch_heads, int tiles, int section, float scale_log2)               \
	{                                                                                                              \
		problem p = { q_len, kv_len, q_heads, group, batch_heads, tiles, section, scale_log2 };                \
		attention<causal, dynamic, redo>(&q, &k, &v, out, work, p);                                            \
	}

ATTENTION(attention_full, false, DYNAMIC_FULL, false)
ATTENTION(attention_causal, true, DYNAMIC_CAUSAL, false)
ATTENTION(attention_full_redo, false, false, true)
ATTENTION(attention_causal_redo, true, false, true)
#endif
