/*
 * Attention forward for Blackwell (sm_100a): TMA, tcgen05, tensor memory.
 * bf16, head_dim 128, MHA and GQA, causal and not, any lengths.
 *
 * THIS KERNEL HAS NOT RUN ON HARDWARE. No Blackwell device was at hand. It compiles
 * without spills; its bit fields are checked against their documented layout, and
 * the roles below, this very text, run on the host against simulated barriers,
 * copies and tensor cores for many lengths and schedules, where they neither lock
 * up nor touch a buffer early. Expect to debug what that cannot see.
 *
 * A block holds two tiles of 128 query rows and walks the keys in blocks of 128,
 * from the right. Sixteen warps, each with one role:
 *
 *   warps  0 ..  3  softmax of tile 0, a thread a row      S -> P, row maximum and sum
 *   warps  4 ..  7  softmax of tile 1
 *   warps  8 .. 11  correction of both tiles               O *= 2^(old - new maximum); O / sum -> global
 *   warp  12        one thread issues all products         S = Q K^T, O += P V
 *   warp  13        one thread drives the copy engine      Q, K, V -> shared memory
 *   warps 14 .. 15  none
 *
 *   tensor memory   columns 0: S of tile 0, 128: S of tile 1, 256 and 384: O. P takes
 *                   the first 64 columns of its S, bf16, once S is in registers.
 *   shared memory   Q 2 x [128 x 128], then a ring of KV_STAGES buffers [128 x 128]
 *                   which K and V take in turn; panels of 64 columns, 128-byte swizzle
 *
 * Order of the products for block j, which keeps the tensor cores on one tile while
 * the other one's softmax runs: P V (0, j), Q K (0, j + 1), P V (1, j), Q K (1, j + 1).
 * They run in the order of issue, so S may be overwritten behind the P V that reads
 * the P in it.
 *
 * version  change                                              measured
 * v0       the structure above                                 not run: compiled, simulated
 */
/* ---- parameters: read by plan.c too ---- */
#define KV_STAGES 4		// avo: 3|4|5
#define P_CHUNKS 2		// avo: 1|2
#define EXP_EMULATED 4		// avo: 0|2|4|6
#define RESCALE_LOG2 8.0f	// avo: 0.0f|4.0f|8.0f|12.0f
#define SKIP_RESCALE 1		// avo: 0|1
#define LONGEST_FIRST 1		// avo: 0|1
#define L2_SECTION_MIB 64	// avo: 16|32|64|96
#define SOFTMAX_REGISTERS 192	// avo: 176|184|192

/*
 * P_CHUNKS      parts in which P is handed to the tensor cores
 * EXP_EMULATED  of 16 exponentials, how many are multiply-adds instead
 * RESCALE_LOG2  a maximum that grows by no more, in log2 units, is not followed: P
 *               carries the factor until the end, and O needs no correction
 * SKIP_RESCALE  a warp none of whose rows moved leaves O alone
 */
#define HEAD_DIM 128
#define TILE_N 128
#define TILE_M 256	/* two tiles of 128 */
#define THREADS 512
#define CORRECTION_REGISTERS (SOFTMAX_REGISTERS == 192 ? 80 : 96)	/* with the others' 48 at most 4 * 128, what a block starts with */
#define OTHER_REGISTERS 48

#define TILE_BYTES (128 * HEAD_DIM * 2)
#define SHARED_KV (2 * TILE_BYTES)
#define SHARED_SCALES (SHARED_KV + KV_STAGES * TILE_BYTES)
#define SHARED_BARRIERS (SHARED_SCALES + 2 * 128 * 4)
#define SHARED_BYTES (SHARED_BARRIERS + 256 + 1024)	/* 1024 to align the start */

/* Compiled as roles for the device, and by the C compiler for the simulation. */
#if defined(__CUDACC__) || defined(AVO_ROLES)

/* mbarriers, by index; [2] are the tiles. Beside each, who arrives. */
enum {
	Q_FULL = 0,			/* [2] copy engine */
	Q_EMPTY = 2,			/* [2] commit of the tile's last Q K^T */
	KV_FULL = 4,			/* [KV_STAGES] copy engine */
	KV_EMPTY = KV_FULL + KV_STAGES,	/* [KV_STAGES] commit of the last product that reads it */
	S_FULL = KV_EMPTY + KV_STAGES,	/* [2] commit of Q K^T */
	P_FULL = S_FULL + 2,		/* [2][P_CHUNKS] softmax: P is stored, S is read */
	O_READY = P_FULL + 2 * P_CHUNKS,/* [2] correction: O may be added to */
	O_FULL = O_READY + 2,		/* [2] commit of P V */
	SCALE_FULL = O_FULL + 2,	/* [2] softmax: factors, at the end sums, are stored */
	SCALE_EMPTY = SCALE_FULL + 2,	/* [2] correction: they are read */
	BARRIERS = SCALE_EMPTY + 2
};

struct problem {
	int q_len, kv_len, q_heads, group, batch_heads;
	int causal, tiles, section;	/* tiles in all; heads whose keys and values share the L2 at a time */
	float scale_log2;
};

struct tile {
	int m, head, batch, blocks;
};

/* A position in the ring of K and V buffers and the parity of its barriers' phase. */
struct ring {
	int slot, parity;
};

struct self;	/* what a warp knows: addresses on the device, its state in the simulation */

#ifdef __CUDACC__
#include <avo/device/tcgen05.cuh>
#define ROLE static __device__ __forceinline__
#define UNROLL _Pragma("unroll")
#else
#define ROLE static
#define UNROLL
#endif

/* Arrivals that end a phase of a barrier: a warp arrives once. */
ROLE int barrier_arrivals(int barrier)
{
	return (barrier >= P_FULL && barrier < O_FULL) || barrier >= SCALE_FULL ? 4 : 1;
}

ROLE void ring_next(struct ring *ring)
{
	if (++ring->slot == KV_STAGES) {
		ring->slot = 0;
		ring->parity ^= 1;
	}
}

/* Tiles of one section of heads at a time, the long rows of a causal mask first. */
ROLE struct tile find_tile(const struct problem *p, int index)
{
	int rows = (p->q_len + TILE_M - 1) / TILE_M;
	int section = index / (p->section * rows);
	int rest = index - section * p->section * rows;
	int heads = p->batch_heads - section * p->section;
	int head, end = p->kv_len;
	struct tile t;

	heads = heads < p->section ? heads : p->section;
	head = section * p->section + rest % heads;
	t.m = rest / heads;
	if (p->causal && LONGEST_FIRST)
		t.m = rows - 1 - t.m;
	if (p->causal && (t.m + 1) * TILE_M + p->kv_len - p->q_len < end)
		end = (t.m + 1) * TILE_M + p->kv_len - p->q_len;
	t.head = head % p->q_heads;
	t.batch = head / p->q_heads;
	t.blocks = (end + TILE_N - 1) / TILE_N;
	return t;
}

/* ---- what the roles do, below for the device, in the simulation for the host ---- */

ROLE int first_tile(struct self *me);			/* the block's first tile, and how far to the next */
ROLE int tile_step(struct self *me);
ROLE void wait(struct self *me, int barrier, int parity);
ROLE void arrive(struct self *me, int barrier);		/* of a warp, behind all it did */
ROLE void commit(struct self *me, int barrier);		/* arrives when the products issued so far are done */
ROLE void load_q(struct self *me, const struct problem *p, const struct tile *t, int i);
ROLE void load_kv(struct self *me, const struct problem *p, const struct tile *t, int value, int slot, int j);
ROLE void start_scores(struct self *me, int i, int slot);
ROLE void start_output(struct self *me, int i, int slot, int chunk, int first);
ROLE void begin_rows(struct self *me);
ROLE void read_scores(struct self *me, const struct problem *p, const struct tile *t, int i, int j);
ROLE void write_weights(struct self *me, const struct problem *p, int i, int chunk);
ROLE void write_scale(struct self *me, int i);		/* the factor of the last block */
ROLE void write_sum(struct self *me, int i);
ROLE void read_scale(struct self *me, int i);		/* either of the two */
ROLE void rescale_output(struct self *me, int i);
ROLE void write_output(struct self *me, const struct problem *p, const struct tile *t, int i);

/* ---- the roles ---- */

ROLE void load_role(struct self *me, const struct problem *p)
{
	struct ring kv = { 0, 1 };
	int n = 0;

	for (int index = first_tile(me); index < p->tiles; index += tile_step(me), n++) {
		struct tile t = find_tile(p, index);

		for (int i = 0; i < 2; i++) {
			wait(me, Q_EMPTY + i, (n & 1) ^ 1);
			load_q(me, p, &t, i);
		}
		for (int j = t.blocks - 1; j >= 0; j--)
			for (int value = 0; value < 2; value++) {
				wait(me, KV_EMPTY + kv.slot, kv.parity);
				load_kv(me, p, &t, value, kv.slot, j);
				ring_next(&kv);
			}
	}
}

/* One step of a tile for the product role: P V of a block, parity of its phase. */
ROLE void output_step(struct self *me, int i, int slot, int parity, int first)
{
	wait(me, O_READY + i, parity);
	for (int chunk = 0; chunk < P_CHUNKS; chunk++) {
		wait(me, P_FULL + i * P_CHUNKS + chunk, parity);
		start_output(me, i, slot, chunk, first);
	}
	commit(me, O_FULL + i);
}

ROLE void product_role(struct self *me, const struct problem *p)
{
	struct ring kv = { 0, 0 };
	int n = 0, step = 0;	/* tiles and blocks done */

	for (int index = first_tile(me); index < p->tiles; index += tile_step(me), n++) {
		struct tile t = find_tile(p, index);

		wait(me, KV_FULL + kv.slot, kv.parity);
		for (int i = 0; i < 2; i++) {
			wait(me, Q_FULL + i, n & 1);
			start_scores(me, i, kv.slot);
			commit(me, S_FULL + i);
			if (t.blocks == 1)
				commit(me, Q_EMPTY + i);
		}
		commit(me, KV_EMPTY + kv.slot);
		ring_next(&kv);
		for (int j = t.blocks - 1; j >= 0; j--, step++) {
			struct ring value = kv, key;

			ring_next(&kv);
			key = kv;
			wait(me, KV_FULL + value.slot, value.parity);
			for (int i = 0; i < 2; i++) {
				output_step(me, i, value.slot, step & 1, j == t.blocks - 1);
				if (i == 1)
					commit(me, KV_EMPTY + value.slot);
				if (j == 0)
					continue;
				if (i == 0)
					wait(me, KV_FULL + key.slot, key.parity);
				start_scores(me, i, key.slot);
				commit(me, S_FULL + i);
				if (j == 1)
					commit(me, Q_EMPTY + i);
				if (i == 1)
					commit(me, KV_EMPTY + key.slot);
			}
			if (j)
				ring_next(&kv);
		}
	}
}

ROLE void softmax_role(struct self *me, const struct problem *p, int i)
{
	int step = 0, scales = 0;	/* blocks done, words to the correction */

	for (int index = first_tile(me); index < p->tiles; index += tile_step(me)) {
		struct tile t = find_tile(p, index);

		begin_rows(me);
		for (int j = t.blocks - 1; j >= 0; j--, step++) {
			wait(me, S_FULL + i, step & 1);
			read_scores(me, p, &t, i, j);
			if (j < t.blocks - 1) {
				wait(me, SCALE_EMPTY + i, (scales++ & 1) ^ 1);
				write_scale(me, i);
				arrive(me, SCALE_FULL + i);
			}
			UNROLL
			for (int chunk = 0; chunk < P_CHUNKS; chunk++) {
				write_weights(me, p, i, chunk);
				arrive(me, P_FULL + i * P_CHUNKS + chunk);
			}
		}
		wait(me, SCALE_EMPTY + i, (scales++ & 1) ^ 1);
		write_sum(me, i);
		arrive(me, SCALE_FULL + i);
	}
}

ROLE void correction_role(struct self *me, const struct problem *p)
{
	int step = 0, scales = 0;	/* P V waited for, words from the softmax; the same for both tiles */

	arrive(me, O_READY + 0);
	arrive(me, O_READY + 1);
	for (int index = first_tile(me); index < p->tiles; index += tile_step(me)) {
		struct tile t = find_tile(p, index);

		for (int j = t.blocks - 2; j >= 0; j--, step++, scales++)
			for (int i = 0; i < 2; i++) {
				wait(me, SCALE_FULL + i, scales & 1);
				read_scale(me, i);
				arrive(me, SCALE_EMPTY + i);
				wait(me, O_FULL + i, step & 1);
				rescale_output(me, i);
				arrive(me, O_READY + i);
			}
		for (int i = 0; i < 2; i++) {
			wait(me, SCALE_FULL + i, scales & 1);
			read_scale(me, i);
			arrive(me, SCALE_EMPTY + i);
			wait(me, O_FULL + i, step & 1);
			write_output(me, p, &t, i);
			arrive(me, O_READY + i);	/* for the next tile */
		}
		step++;
		scales++;
	}
}
#endif

#ifdef __CUDACC__
static_assert(2 * SOFTMAX_REGISTERS + CORRECTION_REGISTERS + OTHER_REGISTERS <= 4 * 128, "setmaxnreg would wait for ever");

struct self {
	unsigned shared, bars, tmem;
	const avo_tensormap *q, *k, *v;
	avo_bf16 *out;
	float s[TILE_N];		/* softmax: scores, then weights, of this thread's row */
	float max, sum, alpha;		/* of the row, in units of scores; alpha is 2^(old - new maximum) */
	float scale;			/* correction: the word read last */
};

ROLE int first_tile(self *)
{
	return blockIdx.x;
}

ROLE int tile_step(self *)
{
	return gridDim.x;
}

ROLE void wait(self *me, int barrier, int parity)
{
	avo_mbarrier_wait(me->bars + 8 * barrier, parity);
	avo_tmem_after();
}

ROLE void arrive(self *me, int barrier)
{
	avo_tmem_before();
	__syncwarp();
	if (threadIdx.x % 32 == 0)
		avo_mbarrier_arrive(me->bars + 8 * barrier);
}

ROLE void commit(self *me, int barrier)
{
	avo_umma_commit(me->bars + 8 * barrier);
}

ROLE void load_panels(unsigned shared, const avo_tensormap *map, unsigned barrier, int head, int row, int batch)
{
	avo_mbarrier_expect(barrier, TILE_BYTES);
	avo_tma_load(shared, map, barrier, 0, head, row, batch);
	avo_tma_load(shared + TILE_BYTES / 2, map, barrier, 64, head, row, batch);
}

ROLE void load_q(self *me, const problem *, const tile *t, int i)
{
	load_panels(me->shared + i * TILE_BYTES, me->q, me->bars + 8 * (Q_FULL + i), t->head, t->m * TILE_M + 128 * i,
		    t->batch);
}

ROLE void load_kv(self *me, const problem *p, const tile *t, int value, int slot, int j)
{
	load_panels(me->shared + SHARED_KV + slot * TILE_BYTES, value ? me->v : me->k, me->bars + 8 * (KV_FULL + slot),
		    t->head / p->group, j * TILE_N, t->batch);
}

/* S of tile i = Q K^T: both K-major, two panels of four steps. */
ROLE void start_scores(self *me, int i, int slot)
{
	unsigned long long q = avo_umma_descriptor(me->shared + i * TILE_BYTES, 0, 1024);
	unsigned long long k = avo_umma_descriptor(me->shared + SHARED_KV + slot * TILE_BYTES, 0, 1024);

	for (int d = 0; d < HEAD_DIM / 16; d++) {
		int step = d / 4 * (TILE_BYTES / 2 >> 4) + d % 4 * 2;
		avo_umma_ss(me->tmem + 128 * i, q + step, k + step, avo_umma_instruction(128, TILE_N, 0, 0), d != 0);
	}
}

/* O of tile i += P V for one chunk of P; 16 keys are 8 columns of P and 16 rows of V. */
ROLE void start_output(self *me, int i, int slot, int chunk, int first)
{
	unsigned long long v = avo_umma_descriptor(me->shared + SHARED_KV + slot * TILE_BYTES, TILE_BYTES / 2, 1024);
	constexpr int STEPS = TILE_N / 16 / P_CHUNKS;

	for (int n = chunk * STEPS; n < (chunk + 1) * STEPS; n++)
		avo_umma_ts(me->tmem + 256 + 128 * i, me->tmem + 128 * i + 8 * n, v + n * (16 * 128 >> 4),
			    avo_umma_instruction(128, HEAD_DIM, 0, 1), !first || n != 0);
}

ROLE void begin_rows(self *me)
{
	me->max = -AVO_INFINITY;
	me->sum = 0;
}

/* The row's scores to registers, masked, and its new maximum. */
ROLE void read_scores(self *me, const problem *p, const tile *t, int i, int j)
{
	int row = t->m * TILE_M + 128 * i + threadIdx.x % 128;
	int limit = p->kv_len - j * TILE_N;
	float top = me->max;

#pragma unroll
	for (int c = 0; c < TILE_N; c += 32)
		avo_tmem_load(me->s + c, avo_tmem_lanes(me->tmem + 128 * i + c));
	avo_tmem_wait_load();
	avo_pin(me->s);
	if (p->causal)
		limit = min(limit, row + p->kv_len - p->q_len + 1 - j * TILE_N);
	if (limit < TILE_N)
#pragma unroll
		for (int c = 0; c < TILE_N; c++)
			if (c >= limit)
				me->s[c] = -AVO_INFINITY;
#pragma unroll
	for (int c = 0; c < TILE_N; c += 2)
		top = fmaxf(top, fmaxf(me->s[c], me->s[c + 1]));
	if ((top - me->max) * p->scale_log2 <= RESCALE_LOG2)
		top = me->max;
	float base = top == -AVO_INFINITY ? 0.0f : top * p->scale_log2;
	me->alpha = avo_exp2(me->max * p->scale_log2 - base);
	me->sum *= me->alpha;
	me->max = top;
}

/* A chunk of the row's weights, as bf16, to tensor memory. */
ROLE void write_weights(self *me, const problem *p, int i, int chunk)
{
	constexpr int COLUMNS = TILE_N / P_CHUNKS;
	float base = me->max == -AVO_INFINITY ? 0.0f : me->max * p->scale_log2;
	float2 scale = make_float2(p->scale_log2, p->scale_log2), minus = make_float2(-base, -base);

#pragma unroll
	for (int c = chunk * COLUMNS; c < (chunk + 1) * COLUMNS; c += 64) {
		unsigned packed[32];
#pragma unroll
		for (int e = 0; e < 32; e++) {
			int at = c + 2 * e;
			float2 x = avo_fma2(make_float2(me->s[at], me->s[at + 1]), scale, minus);
			bool emulate = at % 16 < EXP_EMULATED;
			x.x = emulate ? avo_exp2_fma(x.x) : avo_exp2(x.x);
			x.y = emulate ? avo_exp2_fma(x.y) : avo_exp2(x.y);
			me->sum += x.x + x.y;
			packed[e] = avo_pack_bf16(x.x, x.y);
		}
		avo_tmem_store(avo_tmem_lanes(me->tmem + 128 * i + c / 2), packed);
	}
	avo_tmem_wait_store();
}

ROLE unsigned scale_address(self *me, int i)
{
	return me->shared + SHARED_SCALES + (128 * i + threadIdx.x % 128) * 4;
}

ROLE void write_scale(self *me, int i)
{
	asm volatile("st.shared.f32 [%0], %1;" ::"r"(scale_address(me, i)), "f"(me->alpha) : "memory");
}

ROLE void write_sum(self *me, int i)
{
	asm volatile("st.shared.f32 [%0], %1;" ::"r"(scale_address(me, i)), "f"(me->sum) : "memory");
}

ROLE void read_scale(self *me, int i)
{
	asm volatile("ld.shared.f32 %0, [%1];" : "=f"(me->scale) : "r"(scale_address(me, i)) : "memory");
}

ROLE void rescale_output(self *me, int i)
{
	if (SKIP_RESCALE && !__any_sync(~0u, me->scale != 1.0f))
		return;
#pragma unroll
	for (int c = 0; c < HEAD_DIM; c += 32) {
		unsigned address = avo_tmem_lanes(me->tmem + 256 + 128 * i + c);
		float o[32];

		avo_tmem_load(o, address);
		avo_tmem_wait_load();
		avo_pin(o);
#pragma unroll
		for (int e = 0; e < 32; e++)
			o[e] *= me->scale;
		avo_tmem_store(address, o);
	}
	avo_tmem_wait_store();
}

/* O / sum of this thread's row, 256 bytes, if it is below q_len. */
ROLE void write_output(self *me, const problem *p, const tile *t, int i)
{
	int row = t->m * TILE_M + 128 * i + threadIdx.x % 128;
	avo_bf16 *to = me->out + (((long long)t->batch * p->q_len + row) * p->q_heads + t->head) * HEAD_DIM;
	float inverse = 1.0f / me->scale;

#pragma unroll
	for (int c = 0; c < HEAD_DIM; c += 32) {
		float o[32];

		avo_tmem_load(o, avo_tmem_lanes(me->tmem + 256 + 128 * i + c));
		avo_tmem_wait_load();
		avo_pin(o);
		if (row >= p->q_len)
			continue;
#pragma unroll
		for (int e = 0; e < 32; e += 8) {
			uint4 word;
			word.x = avo_pack_bf16(o[e] * inverse, o[e + 1] * inverse);
			word.y = avo_pack_bf16(o[e + 2] * inverse, o[e + 3] * inverse);
			word.z = avo_pack_bf16(o[e + 4] * inverse, o[e + 5] * inverse);
			word.w = avo_pack_bf16(o[e + 6] * inverse, o[e + 7] * inverse);
			*(uint4 *)(to + c + e) = word;
		}
	}
}

extern "C" __global__ void __launch_bounds__(THREADS, 1)
	attention(const __grid_constant__ avo_tensormap q, const __grid_constant__ avo_tensormap k,
		  const __grid_constant__ avo_tensormap v, avo_bf16 *out, int q_len, int kv_len, int q_heads, int group,
		  int batch_heads, int causal, int tiles, int section, float scale_log2)
{
	extern __shared__ unsigned char raw[];
	problem p = { q_len, kv_len, q_heads, group, batch_heads, causal, tiles, section, scale_log2 };
	int warp = threadIdx.x / 32;
	unsigned address;
	self me;

	me.shared = (avo_shared(raw) + 1023) & ~1023u;
	me.bars = me.shared + SHARED_BARRIERS;
	me.q = &q;
	me.k = &k;
	me.v = &v;
	me.out = out;
	address = me.bars + 8 * BARRIERS;	/* where the allocator leaves tensor memory's */
	if (threadIdx.x == 0) {
		for (int i = 0; i < BARRIERS; i++)
			avo_mbarrier_init(me.bars + 8 * i, barrier_arrivals(i));
		avo_mbarrier_init_fence();
	}
	if (warp == 12)
		avo_tmem_alloc(address);
	avo_tmem_before();
	__syncthreads();
	avo_tmem_after();
	asm volatile("ld.shared.u32 %0, [%1];" : "=r"(me.tmem) : "r"(address) : "memory");

	if (warp < 8) {
		avo_registers_grow<SOFTMAX_REGISTERS>();
		softmax_role(&me, &p, warp / 4);
	} else if (warp < 12) {
		avo_registers_shrink<CORRECTION_REGISTERS>();
		correction_role(&me, &p);
	} else {
		avo_registers_shrink<OTHER_REGISTERS>();
		if (warp == 12 && avo_elect())
			product_role(&me, &p);
		if (warp == 13 && avo_elect())
			load_role(&me, &p);
	}
	avo_tmem_before();
	__syncthreads();
	__syncwarp();
	if (warp == 12)
		avo_tmem_free(me.tmem);
}
#endif
