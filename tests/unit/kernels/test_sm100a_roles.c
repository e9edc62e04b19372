/*
 * The roles of the Blackwell seed, its very text, against simulated hardware.
 *
 * Every warp with a role is a coroutine; mbarriers count arrivals; the copy engine
 * finishes loads in any order; the tensor cores take products in order of issue and
 * need time for each. A random scheduler, with some parts made slow, decides who
 * goes on. Each buffer knows what it holds, so that a read before the write, a
 * write under a reader, a wrong block or a lock-up ends the run with a message.
 *
 * Blocks of keys are numbered through all tiles of a thread block: block g.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <cmocka.h>

#define AVO_ROLES
#ifndef KERNEL			/* the Makefile also builds this test with other parameters */
#define KERNEL "attention/sm100a/kernel.cu"
#endif
#include KERNEL

enum {
	SOFTMAX_WARPS = 8, CORRECTION_WARPS = 4, WARPS = 14, PRODUCTS = WARPS - 2, LOADS = WARPS - 1,
	MAX_BLOCKS = 512, QUEUE = 64, COPIES = KV_STAGES + 2, STACK = 256 * 1024,
	NO_FAULT = -1, NONE = -1
};

enum product_kind { SCORES, OUTPUT, COMMIT };

struct product {
	enum product_kind kind;
	int i, slot, chunk, first, block, barrier;
};

struct copy {
	int busy, barrier, q, slot, holds;
};

/* One warp's 32 lanes of the S and P columns of a tile. */
struct lanes {
	int scores, taken;	/* block whose S is here; whose S is in registers */
	int weights[P_CHUNKS];	/* block whose P is here */
};

struct self {
	int warp, done, waits_for, parity;	/* waits_for: a barrier, or NONE */
	int waited[BARRIERS], next[BARRIERS];	/* at all yet; the phase that the next wait is about */
	int block, tile[2], scale[2];		/* how far this warp is */
	ucontext_t context;
	char *stack;
};

static struct machine {
	struct problem problem;
	int first, step, fault;			/* fault: waits on this kind of barrier do not wait */
	int blocks, tiles, tile_of[MAX_BLOCKS], j_of[MAX_BLOCKS], last_of[MAX_BLOCKS];
	struct { int phase, pending; unsigned who; } barrier[BARRIERS];
	struct product queue[QUEUE];
	int head, tail, running;		/* running: the product at head has started */
	struct copy copies[COPIES];
	int q_holds[2], kv_holds[KV_STAGES];	/* tile; 2 * block + (1 for V) */
	struct lanes lanes[2][4];
	int o_block[2], o_count[2];		/* last block added to O, and how many of its tile */
	int o_ready[2][4], o_written[2][4];	/* block O is corrected for; tile that was written */
	int scale[2][4], scale_read[2][4];	/* block the word is for */
	int issued[2], issued_output[2][P_CHUNKS];
	struct self warp[WARPS], *current;
	ucontext_t scheduler;
	unsigned random, weight[WARPS + 2];
	char error[160];
} m;

static unsigned draw(unsigned below)
{
	m.random = m.random * 1664525u + 1013904223u;
	return (m.random >> 8) % below;
}

static void yield(struct self *me)
{
	swapcontext(&me->context, &m.scheduler);
}

__attribute__((format(printf, 1, 2))) static void broken(const char *format, ...)
{
	va_list args;

	if (!m.error[0]) {
		va_start(args, format);
		vsnprintf(m.error, sizeof(m.error), format, args);
		va_end(args);
	}
}

#define EXPECT(condition, ...)         \
	do {                           \
		if (!(condition))      \
			broken(__VA_ARGS__); \
	} while (0)

/* ---- barriers ---- */

/* The first index of the group a barrier belongs to, to name it and to break it. */
static int barrier_kind(int barrier)
{
	static const int first[] = { Q_FULL, Q_EMPTY, KV_FULL, KV_EMPTY, S_FULL, P_FULL, O_READY, O_FULL, SCALE_FULL,
				     SCALE_EMPTY };
	int kind = first[0];

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (first[i] <= barrier)
			kind = first[i];
	return kind;
}

static void arrival(int barrier, int who)
{
	if (who != NONE) {
		EXPECT(!(m.barrier[barrier].who & 1u << who), "warp %d arrives twice in a phase of barrier %d", who, barrier);
		m.barrier[barrier].who |= 1u << who;
	}
	if (--m.barrier[barrier].pending == 0) {
		m.barrier[barrier].phase++;
		m.barrier[barrier].who = 0;
		m.barrier[barrier].pending = barrier_arrivals(barrier);
	}
}

static int passes(int barrier, int parity)
{
	return (m.barrier[barrier].phase & 1) != parity;
}

static void wait(struct self *me, int barrier, int parity)
{
	int phase = me->waited[barrier] ? me->next[barrier] : -parity;	/* -1, before the first: free from the start */

	me->waited[barrier] = 1;
	me->next[barrier] = phase + 1;
	EXPECT((phase & 1) == parity, "warp %d waits for parity %d of barrier %d in phase %d", me->warp, parity, barrier, phase);
	if (barrier_kind(barrier) == m.fault)
		return;
	me->waits_for = barrier;
	me->parity = parity;
	yield(me);
	EXPECT(m.barrier[barrier].phase == phase + 1, "warp %d missed a phase of barrier %d", me->warp, barrier);
}

static void arrive(struct self *me, int barrier)
{
	yield(me);
	arrival(barrier, me->warp);
}

/* ---- copies ---- */

static void start_copy(int q, int slot, int holds, int barrier)
{
	int n = 0;

	for (int p = m.head; p != m.tail; p++) {
		const struct product *product = &m.queue[p % QUEUE];
		int reads = product->kind == SCORES ? (q == product->i || slot == product->slot) :
			    product->kind == OUTPUT && slot == product->slot;
		EXPECT(!reads, "a copy overwrites what product %d still reads", p);
	}
	while (m.copies[n].busy)
		n++;
	m.copies[n] = (struct copy){ 1, barrier, q, slot, holds };
	if (q != NONE)
		m.q_holds[q] = NONE;
	else
		m.kv_holds[slot] = NONE;
}

static void load_q(struct self *me, const struct problem *p, const struct tile *t, int i)
{
	start_copy(i, NONE, me->tile[i]++, Q_FULL + i);
	yield(me);
}

static void load_kv(struct self *me, const struct problem *p, const struct tile *t, int value, int slot, int j)
{
	EXPECT(m.j_of[me->block] == j, "block %d loads keys %d", me->block, j);
	start_copy(NONE, slot, 2 * me->block + value, KV_FULL + slot);
	me->block += value;
	yield(me);
}

static void finish_copy(struct copy *copy)
{
	if (copy->q != NONE)
		m.q_holds[copy->q] = copy->holds;
	else
		m.kv_holds[copy->slot] = copy->holds;
	copy->busy = 0;
	arrival(copy->barrier, NONE);
}

/* ---- products ---- */

static void issue(struct self *me, struct product product)
{
	EXPECT(m.tail - m.head < QUEUE, "more than %d products wait", QUEUE);
	m.queue[m.tail++ % QUEUE] = product;
	yield(me);
}

static void start_scores(struct self *me, int i, int slot)
{
	issue(me, (struct product){ SCORES, i, slot, 0, 0, m.issued[i]++, NONE });
}

static void start_output(struct self *me, int i, int slot, int chunk, int first)
{
	issue(me, (struct product){ OUTPUT, i, slot, chunk, first, m.issued_output[i][chunk]++, NONE });
}

static void commit(struct self *me, int barrier)
{
	issue(me, (struct product){ COMMIT, NONE, NONE, 0, 0, 0, barrier });
}

static void check_scores(const struct product *p)
{
	EXPECT(m.q_holds[p->i] == m.tile_of[p->block], "S of block %d without its Q", p->block);
	EXPECT(m.kv_holds[p->slot] == 2 * p->block, "S of block %d without its K", p->block);
	for (int w = 0; w < 4; w++)
		EXPECT(m.lanes[p->i][w].scores == NONE && m.lanes[p->i][w].weights[P_CHUNKS - 1] == NONE,
		       "S of block %d overwrites what warp %d needs", p->block, w);
}

static void check_output(const struct product *p)
{
	EXPECT(m.kv_holds[p->slot] == 2 * p->block + 1, "O of block %d without its V", p->block);
	EXPECT(p->first == (p->block == 0 || m.tile_of[p->block] != m.tile_of[p->block - 1]), "block %d: first %d", p->block,
	       p->first);
	for (int w = 0; w < 4; w++) {
		EXPECT(m.lanes[p->i][w].weights[p->chunk] == p->block, "O of block %d without P of warp %d", p->block, w);
		if (p->first)
			EXPECT(m.o_written[p->i][w] == m.tile_of[p->block] - 1, "block %d overwrites O of the tile before", p->block);
		else
			EXPECT(m.o_ready[p->i][w] == p->block, "O not corrected for block %d", p->block);
	}
}

static void finish_product(const struct product *p)
{
	if (p->kind == COMMIT) {
		arrival(p->barrier, NONE);
		return;
	}
	for (int w = 0; w < 4; w++)
		if (p->kind == SCORES)
			m.lanes[p->i][w].scores = p->block;
		else
			m.lanes[p->i][w].weights[p->chunk] = NONE;
	if (p->kind == OUTPUT && p->chunk == P_CHUNKS - 1) {
		m.o_count[p->i] = p->first ? 1 : m.o_count[p->i] + 1;
		m.o_block[p->i] = p->block;
	}
}

/* A product is checked when it starts and when it ends: whatever changed between is a race. */
static void advance_products(void)
{
	const struct product *p = &m.queue[m.head % QUEUE];

	if (p->kind == SCORES)
		check_scores(p);
	else if (p->kind == OUTPUT)
		check_output(p);
	if (p->kind != COMMIT && !m.running) {
		m.running = 1;
		return;
	}
	finish_product(p);
	m.running = 0;
	m.head++;
}

static int product_running(int i)
{
	const struct product *p = &m.queue[m.head % QUEUE];

	return m.running && p->i == i;
}

/* ---- softmax and correction ---- */

static void begin_rows(struct self *me)
{
	yield(me);
}

static void read_scores(struct self *me, const struct problem *p, const struct tile *t, int i, int j)
{
	struct lanes *lanes = &m.lanes[i][me->warp % 4];

	EXPECT(m.j_of[me->block] == j, "softmax of block %d reads keys %d", me->block, j);
	for (int twice = 0; twice < 2; twice++) {
		EXPECT(lanes->scores == me->block, "warp %d reads S of block %d early or late", me->warp, me->block);
		yield(me);
	}
	lanes->scores = NONE;
	lanes->taken = me->block;
}

static void write_weights(struct self *me, const struct problem *p, int i, int chunk)
{
	struct lanes *lanes = &m.lanes[i][me->warp % 4];

	EXPECT(lanes->taken == me->block && lanes->weights[chunk] == NONE, "warp %d overwrites P of block %d", me->warp,
	       me->block);
	yield(me);
	lanes->weights[chunk] = me->block;
	me->block += chunk == P_CHUNKS - 1;
}

static void put_scale(struct self *me, int i, int block)
{
	EXPECT(m.scale[i][me->warp % 4] == m.scale_read[i][me->warp % 4], "warp %d overwrites a factor unread", me->warp);
	yield(me);
	m.scale[i][me->warp % 4] = block;
}

/* The factor of block g, and behind a tile's last block g its sum, are words 2 * g and 2 * g + 1. */
static void write_scale(struct self *me, int i)
{
	put_scale(me, i, 2 * me->block);
}

static void write_sum(struct self *me, int i)
{
	put_scale(me, i, 2 * (me->block - 1) + 1);
}

static void read_scale(struct self *me, int i)
{
	int w = me->warp % 4, g = me->scale[i];

	if (m.last_of[g]) {		/* the sum behind the block that was corrected last */
		EXPECT(m.scale[i][w] == 2 * g + 1, "warp %d reads the sum behind block %d early", me->warp, g);
		m.scale_read[i][w] = 2 * g + 1;
		return;
	}
	me->scale[i] = ++g;
	EXPECT(m.scale[i][w] == 2 * g, "warp %d reads the factor of block %d early", me->warp, g);
	m.scale_read[i][w] = 2 * g;
}

static void rescale_output(struct self *me, int i)
{
	int g = me->scale[i];

	for (int twice = 0; twice < 2; twice++) {
		EXPECT(m.o_block[i] == g - 1 && !(product_running(i) && m.queue[m.head % QUEUE].kind == OUTPUT),
		       "warp %d corrects O for block %d early", me->warp, g);
		yield(me);
	}
	m.o_ready[i][me->warp % 4] = g;
}

static void write_output(struct self *me, const struct problem *p, const struct tile *t, int i)
{
	int g = me->scale[i];

	for (int twice = 0; twice < 2; twice++) {
		EXPECT(m.o_block[i] == g && m.o_count[i] == t->blocks, "warp %d writes O of tile %d: %d of %d blocks", me->warp,
		       m.tile_of[g], m.o_count[i], t->blocks);
		yield(me);
	}
	m.o_written[i][me->warp % 4] = m.tile_of[g];
	me->scale[i] = g + 1;
}

static int first_tile(struct self *me)
{
	return m.first;
}

static int tile_step(struct self *me)
{
	return m.step;
}

/* ---- the machine ---- */

static void run_role(void)
{
	struct self *me = m.current;

	if (me->warp < SOFTMAX_WARPS)
		softmax_role(me, &m.problem, me->warp / 4);
	else if (me->warp < PRODUCTS)
		correction_role(me, &m.problem);
	else if (me->warp == PRODUCTS)
		product_role(me, &m.problem);
	else
		load_role(me, &m.problem);
	me->done = 1;
	for (;;)
		yield(me);
}

static void number_blocks(void)
{
	for (int index = m.first; index < m.problem.tiles; index += m.step, m.tiles++) {
		struct tile t = find_tile(&m.problem, index);

		for (int j = t.blocks - 1; j >= 0; j--, m.blocks++) {
			assert_true(m.blocks < MAX_BLOCKS);
			m.tile_of[m.blocks] = m.tiles;
			m.j_of[m.blocks] = j;
			m.last_of[m.blocks] = j == 0;
		}
	}
}

static void start_warp(int warp, char *stack)
{
	struct self *me = &m.warp[warp];

	me->warp = warp;
	me->waits_for = NONE;
	me->stack = stack;
	getcontext(&me->context);
	me->context.uc_stack.ss_sp = stack;
	me->context.uc_stack.ss_size = STACK;
	makecontext(&me->context, run_role, 0);
}

static void reset(const struct problem *problem, int first, int step, int fault, unsigned seed)
{
	char *stacks[WARPS];

	for (int w = 0; w < WARPS; w++)
		stacks[w] = m.warp[w].stack ? m.warp[w].stack : malloc(STACK);
	memset(&m, 0, sizeof(m));
	m.problem = *problem;
	m.first = first;
	m.step = step;
	m.fault = fault;
	m.random = seed;
	for (int b = 0; b < BARRIERS; b++)
		m.barrier[b].pending = barrier_arrivals(b);
	for (int i = 0; i < 2; i++) {
		m.q_holds[i] = m.o_block[i] = NONE;
		for (int w = 0; w < 4; w++) {
			m.lanes[i][w] = (struct lanes){ NONE, NONE, { NONE } };
			for (int c = 0; c < P_CHUNKS; c++)
				m.lanes[i][w].weights[c] = NONE;
			m.o_written[i][w] = m.o_ready[i][w] = m.scale[i][w] = m.scale_read[i][w] = NONE;
		}
	}
	for (int s = 0; s < KV_STAGES; s++)
		m.kv_holds[s] = NONE;
	for (int e = 0; e < WARPS + 2; e++)
		m.weight[e] = 1u << 2 * draw(4);
	for (int w = 0; w < WARPS; w++)
		start_warp(w, stacks[w]);
	number_blocks();
}

static int can_go(int entity)
{
	if (entity == WARPS)
		return m.head != m.tail;
	if (entity == WARPS + 1) {
		for (int c = 0; c < COPIES; c++)
			if (m.copies[c].busy)
				return 1;
		return 0;
	}
	return !m.warp[entity].done &&
	       (m.warp[entity].waits_for == NONE || passes(m.warp[entity].waits_for, m.warp[entity].parity));
}

static void go(int entity)
{
	int c;

	if (entity == WARPS) {
		advance_products();
	} else if (entity == WARPS + 1) {
		do
			c = (int)draw(COPIES);
		while (!m.copies[c].busy);
		finish_copy(&m.copies[c]);
	} else {
		m.current = &m.warp[entity];
		m.current->waits_for = NONE;
		swapcontext(&m.scheduler, &m.current->context);
	}
}

/* Runs until all is done; the message is empty when all went well. */
static const char *simulate(const struct problem *problem, int first, int step, int fault, unsigned seed)
{
	reset(problem, first, step, fault, seed);
	while (!m.error[0]) {
		unsigned total = 0, pick;
		int entity;

		for (entity = 0; entity < WARPS + 2; entity++)
			total += can_go(entity) ? m.weight[entity] : 0;
		if (!total)
			break;
		pick = draw(total);
		for (entity = 0; entity < WARPS + 2; entity++) {
			unsigned weight = can_go(entity) ? m.weight[entity] : 0;
			if (pick < weight)
				break;
			pick -= weight;
		}
		go(entity);
	}
	for (int w = 0; w < WARPS; w++)
		EXPECT(m.warp[w].done, "locked up: warp %d waits for barrier %d, phase %d", w, m.warp[w].waits_for,
		       m.warp[w].waits_for == NONE ? 0 : m.barrier[m.warp[w].waits_for].phase);
	for (int i = 0; i < 2; i++)
		for (int w = 0; w < 4; w++)
			EXPECT(m.o_written[i][w] == m.tiles - 1, "tile %d of half %d was not written", m.o_written[i][w] + 1, i);
	return m.error;
}

static struct problem make(int q_len, int kv_len, int heads, int causal)
{
	int tiles = (q_len + TILE_M - 1) / TILE_M * heads;

	return (struct problem){ q_len, kv_len, heads, 1, heads, causal, tiles, heads, 1.0f };
}

/* All lengths from 1 to 9 blocks, 1 to 6 tiles a thread block, with and without a mask. */
static void roles_neither_race_nor_lock_up(void **state)
{
	for (int kv = 1; kv <= 9; kv++)
		for (int tiles = 1; tiles <= 6; tiles++)
			for (int causal = 0; causal < 2; causal++)
				for (unsigned seed = 1; seed <= 6; seed++) {
					int q_len = causal ? (kv * TILE_N + 1) / 2 : 300;
					struct problem p = make(q_len, kv * TILE_N - 1, tiles, causal);
					const char *error = simulate(&p, (int)seed % 2, 1 + (int)seed % 3, NO_FAULT, seed * 7919);

					if (error[0])
						fail_msg("%d blocks, %d tiles, causal %d, seed %u: %s", kv, tiles, causal, seed, error);
				}
}

/* The simulation would notice: without any one kind of wait some schedule goes wrong. */
static void every_barrier_is_needed(void **state)
{
	static const int kinds[] = { Q_FULL, Q_EMPTY, KV_FULL, KV_EMPTY, S_FULL, P_FULL, O_READY, O_FULL, SCALE_FULL,
				     SCALE_EMPTY };
	struct problem p = make(300, 7 * TILE_N, 4, 0);

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		int noticed = 0;

		for (unsigned seed = 1; seed <= 40 && !noticed; seed++)
			noticed = simulate(&p, 0, 1, kinds[k], seed)[0] != 0;
		if (!noticed)
			fail_msg("waits on barriers from %d on could be left out", kinds[k]);
	}
}

static int release(void **state)
{
	for (int w = 0; w < WARPS; w++)
		free(m.warp[w].stack);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_neither_race_nor_lock_up),
		cmocka_unit_test(every_barrier_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
