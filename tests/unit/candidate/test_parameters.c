/* Annotated parameters, and the classic search over them. */
#include "avo.h"
#include "base/mem.h"
#include "candidate/source.h"
#include "operator/mutate_propose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char kernel[] =
	"#include <math.h>\n"
	"#define TILE_M 64 // avo: 16|32|64|128 rows of Q per tile\n"
	"  #  define\tEXP LIBM\t/* avo: LIBM|POLY */\n"
	"#define RESCALE 8.0f // avo: 4.0f|8.0f\n"
	"#define PLAIN 3 // not one of avo's\n"
	"#define CALL(x) x // avo: 1|2\n"
	"#define ODD 7 // avo: 1|2\n"
	"int kernel; // avo: 1|2";

static struct source_file file_of(const char *path, const char *text)
{
	return (struct source_file){ .path = path, .data = text, .len = strlen(text) };
}

static void read_text(struct parameter_set *set, const char *text)
{
	struct source_file f = file_of("kernel.c", text);

	assert_int_equal(parameter_set_read(set, &f, 1, NULL), AVO_OK);
}

static void annotations_are_read(void **state)
{
	struct parameter_set set;

	read_text(&set, kernel);
	assert_int_equal(set.count, 4);
	assert_string_equal(set.list[0].name, "TILE_M");
	assert_int_equal(set.list[0].count, 4);
	assert_string_equal(set.list[0].values[3], "128");
	assert_int_equal(set.list[0].current, 2);
	assert_string_equal(set.list[1].name, "EXP");
	assert_int_equal(set.list[1].count, 2);
	assert_string_equal(set.list[1].values[1], "POLY");
	assert_string_equal(set.list[2].values[0], "4.0f");
	/* a value that is none of the alternatives is one more */
	assert_int_equal(set.list[3].count, 3);
	assert_int_equal(set.list[3].current, 2);
	assert_true(parameter_space(&set) == 4 * 2 * 2 * 3);
	parameter_set_release(&set);
}

static void values_are_written_and_nothing_else_changes(void **state)
{
	struct source_file f = file_of("kernel.c", kernel);
	struct parameter_set set, again;
	struct buf same = BUF_INIT, other = BUF_INIT;
	int current[4], changed[4] = { 0, 1, 1, 0 }, i;

	read_text(&set, kernel);
	for (i = 0; i < 4; i++)
		current[i] = set.list[i].current;
	parameter_set_write(&same, &f, &set, current);
	assert_string_equal(buf_cstr(&same), kernel);
	parameter_set_write(&other, &f, &set, changed);
	assert_non_null(strstr(other.data, "#define TILE_M 16 // avo: 16|32|64|128 rows of Q per tile\n"));
	assert_non_null(strstr(other.data, "  #  define\tEXP POLY\t/* avo: LIBM|POLY */\n"));
	assert_non_null(strstr(other.data, "#define ODD 1 // avo: 1|2\n"));
	read_text(&again, other.data);
	assert_true(again.skeleton == set.skeleton);
	parameter_set_release(&again);
	buf_addstr(&other, "int more;\n");
	read_text(&again, other.data);
	assert_true(again.skeleton != set.skeleton);
	parameter_set_release(&again);
	parameter_set_release(&set);
	buf_release(&same);
	buf_release(&other);
}

static void one_name_in_two_files_is_one_parameter(void **state)
{
	struct source_file files[] = {
		file_of("kernel.cu", "#define STAGES 2 // avo: 2|3\n"),
		file_of("plan.c", "#define STAGES 2 // avo: 2|3\n"),
	};
	struct parameter_set set;
	struct buf out = BUF_INIT;
	struct error err = { 0 };
	int three = 1;

	assert_int_equal(parameter_set_read(&set, files, 2, &err), AVO_OK);
	assert_int_equal(set.count, 1);
	parameter_set_write(&out, &files[1], &set, &three);
	assert_string_equal(buf_cstr(&out), "#define STAGES 3 // avo: 2|3\n");
	parameter_set_release(&set);
	files[1] = file_of("plan.c", "#define STAGES 3 // avo: 2|3\n");
	assert_int_equal(parameter_set_read(&set, files, 2, &err), AVO_CORRUPT);
	assert_non_null(strstr(err.text, "STAGES is 3 here and 2 elsewhere"));
	buf_release(&out);
}

static const char space[] =
	"#define A 0 // avo: 0|1|2|3\n#define B 0 // avo: 0|1|2|3\n#define C 0 // avo: 0|1|2|3\n#define D 0 // avo: 0|1|2|3\n";

static const struct search_settings usual = { .crossover = 0.2, .other_parent = 0.2, .more = 0.4, .least = 1 };

/* Proposes until the space is used up; each passes with a score that grows with its values. Returns the count. */
static int exhaust(struct mutate_trials *p, const struct parameter_set *set, struct proposal *log, int max, uint64_t seed)
{
	struct genome incumbent = { { 0 } };
	struct proposal proposal;
	struct rng rng;
	int n = 0;

	mutate_trials_mark(p, set, &incumbent);
	rng_seed(&rng, seed, 1);
	while (n < max && mutate_propose(&proposal, set, &incumbent, p, &usual, &rng)) {
		struct mutate_trial t = { .genome = proposal.genome, .against = incumbent, .attempt = n + 1, .passed = true };
		int i;

		for (i = 0; i < set->count; i++)
			t.score += proposal.genome.values[i];
		assert_true(mutate_trials_mark(p, set, &proposal.genome));
		mutate_trials_add(p, &t);
		log[n++] = proposal;
		rng_seed(&rng, seed, (uint64_t)n + 1);
	}
	return n;
}

static void every_genome_comes_once_and_then_none(void **state)
{
	static struct proposal log[300];
	struct parameter_set set;
	struct mutate_trials p;

	read_text(&set, space);
	mutate_trials_init(&p);
	assert_int_equal(exhaust(&p, &set, log, 300, 7), 255);
	mutate_trials_release(&p);
	parameter_set_release(&set);
}

static void the_same_seed_proposes_the_same(void **state)
{
	static struct proposal a[100], b[100], c[100];
	struct parameter_set set;
	struct mutate_trials p;
	int i, differ = 0;

	read_text(&set, space);
	mutate_trials_init(&p);
	exhaust(&p, &set, a, 100, 7);
	mutate_trials_release(&p);
	exhaust(&p, &set, b, 100, 7);
	mutate_trials_release(&p);
	exhaust(&p, &set, c, 100, 8);
	mutate_trials_release(&p);
	for (i = 0; i < 100; i++) {
		assert_memory_equal(a[i].genome.values, b[i].genome.values, (size_t)set.count * sizeof(int));
		differ += memcmp(a[i].genome.values, c[i].genome.values, (size_t)set.count * sizeof(int)) != 0;
	}
	assert_true(differ > 50);
	parameter_set_release(&set);
}

static void a_child_takes_every_value_from_a_parent(void **state)
{
	static struct proposal log[255];
	struct parameter_set set;
	struct mutate_trials p;
	int n, i, v, crossed = 0;

	read_text(&set, space);
	mutate_trials_init(&p);
	n = exhaust(&p, &set, log, 120, 3);
	for (i = 0; i < n; i++) {
		const struct genome *a, *b;

		if (log[i].op != PROPOSAL_CROSSOVER)
			continue;
		assert_int_equal(log[i].parent_count, 2);
		assert_int_not_equal(log[i].parents[0], log[i].parents[1]);
		a = &log[log[i].parents[0] - 1].genome;
		b = &log[log[i].parents[1] - 1].genome;
		for (v = 0; v < set.count; v++)
			assert_true(log[i].genome.values[v] == a->values[v] || log[i].genome.values[v] == b->values[v]);
		crossed++;
	}
	assert_true(crossed > 3);
	mutate_trials_release(&p);
	parameter_set_release(&set);
}

static void larger_moves_change_more(void **state)
{
	struct search_settings large = { .more = 0, .least = 3 };
	struct genome incumbent = { { 0 } };
	struct parameter_set set;
	struct mutate_trials p;
	struct proposal proposal;
	struct rng rng;
	int i, v;

	read_text(&set, space);
	mutate_trials_init(&p);
	mutate_trials_mark(&p, &set, &incumbent);
	for (i = 0; i < 50; i++) {
		int changed = 0;

		rng_seed(&rng, 5, (uint64_t)i);
		assert_true(mutate_propose(&proposal, &set, &incumbent, &p, &large, &rng));
		for (v = 0; v < set.count; v++)
			changed += proposal.genome.values[v] != 0;
		assert_int_equal(changed, 3);
	}
	mutate_trials_release(&p);
	parameter_set_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(annotations_are_read),
		cmocka_unit_test(values_are_written_and_nothing_else_changes),
		cmocka_unit_test(one_name_in_two_files_is_one_parameter),
		cmocka_unit_test(every_genome_comes_once_and_then_none),
		cmocka_unit_test(the_same_seed_proposes_the_same),
		cmocka_unit_test(a_child_takes_every_value_from_a_parent),
		cmocka_unit_test(larger_moves_change_more),
	};

	return cmocka_run_group_tests_name("parameters", tests, NULL, NULL);
}
