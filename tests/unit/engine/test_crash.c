/* 50 times kill -9 at a random moment: nothing acknowledged is lost, and the run goes on without a word. */
#include "rig.h"

#include <stdlib.h>
#include <unistd.h>

#define KILLS 50

/* What the journal had said before the kill. */
struct promise {
	size_t attempts, versions;
	char tip[COMMIT_ID_SIZE];
	char first_tree[COMMIT_ID_SIZE];
};

static void promise_of(struct promise *p, struct rig *r)
{
	rig_load(r);
	p->attempts = r->state.attempt_count;
	p->versions = r->state.version_count;
	memcpy(p->tip, state_newest(&r->state)->commit, COMMIT_ID_SIZE);
	if (p->attempts)
		memcpy(p->first_tree, r->state.attempts[0].tree, COMMIT_ID_SIZE);
}

static void check(struct rig *r, const struct promise *p)
{
	char *contains = xasprintf("git merge-base --is-ancestor %s lineage", p->tip);

	rig_load(r);
	assert_true(r->state.attempt_count >= p->attempts);
	assert_true(r->state.version_count >= p->versions);
	if (p->attempts)
		assert_string_equal(r->state.attempts[0].tree, p->first_tree);
	assert_int_equal(rig_shell(r, contains), 0);
	free(contains);
}

static bool same_trees(const struct attempt *a, const struct attempt *b)
{
	return strcmp(a->tree, b->tree) == 0;
}

/* A candidate comes back only when its first evaluation was cut short. */
static void check_no_repeats(const struct run_state *s)
{
	size_t i, j;

	for (i = 0; i < s->attempt_count; i++)
		for (j = 0; j < i; j++)
			if (same_trees(&s->attempts[i], &s->attempts[j]))
				assert_true(s->attempts[j].verdict == VERDICT_CANCELLED || s->attempts[i].verdict == VERDICT_CANCELLED);
}

static void kills_lose_nothing(void **state)
{
	static const char seed[] = "#define A 1 // avo: 1|2|3|4|5|6|7\n#define B 1 // avo: 1|2|3|4|5|6|7\n"
				   "#define C 1 // avo: 1|2|3|4|5|6|7\n#define D 1 // avo: 1|2|3|4|5|6|7\n"
				   "int avo_attention(void) { return 0; }\n";
	struct engine_options o = { 0 };
	struct promise p = { 0 };
	struct rig r;
	int i;

	srand48(4711);
	rig_new(&r, seed, NULL, NULL, "--ms 1");
	for (i = 0; i < KILLS; i++) {
		rig_start(&r, o);
		usleep((useconds_t)(drand48() * 120000));
		promise_of(&p, &r);
		rig_kill(&r);
		check(&r, &p);
	}
	assert_true(p.attempts > KILLS / 2);
	assert_int_equal(rig_run(&r, 0, 5), AVO_OK);
	check(&r, &p);
	assert_int_equal(rig_shell(&r, "git fsck --strict"), 0);
	assert_int_equal(rig_shell(&r, "test -z \"$(find .git -name '*.lock')\""), 0);
	assert_int_equal(r.state.state, ENGINE_FINISHED);
	check_no_repeats(&r.state);
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_lose_nothing),
	};

	return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
