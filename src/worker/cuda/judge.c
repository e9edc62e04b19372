#include "avo.h"
#include "task/tolerance.h"
#include "worker/cuda/judge.h"
#include "worker/sample.h"

#include <avo/plan.h>

#include <inttypes.h>
#include <math.h>

/* Which batch, position and head the row is that lies at this place in memory. */
static void place_row(struct run_outcome *out, const struct run_spec *spec, size_t row)
{
	struct sample_row r = sample_row_of(spec, row);

	out->worst.head = r.head;
	out->worst.row = r.row;
	out->worst.batch = r.batch;
	out->fill = (enum fill)spec->deal.kinds[r.slot];
}

static void place_worst(struct run_outcome *out, const struct run_spec *spec, uint32_t at, const struct trusted_row *row, double tolerance)
{
	place_row(out, spec, at);
	out->worst.dim = row->worst;
	out->worst.expected = row->expected;
	out->worst.got = row->got;
	out->max_error = row->max_error;
	out->tolerance = tolerance;
}

static void fail(struct run_outcome *out, const struct run_spec *spec, const char *what)
{
	const struct task_case *c = spec->c;

	out->verdict = VERDICT_INCORRECT;
	snprintf(out->reason, sizeof(out->reason),
		 "%s: batch %d, row %d, head %d, element %d is %.5g, should be %.5g (%s values, %s, %d x %d, head_dim %d)", what,
		 out->worst.batch, out->worst.row, out->worst.head, out->worst.dim, out->worst.got, out->worst.expected,
		 fill_name(out->fill), c->name, c->q_len, c->kv_len, c->head_dim);
}

/* The tolerance of each kind of values of the run, from the rows that have it. */
static void tolerances(double out[FILL_KINDS_MAX], const struct run_spec *spec, const struct trusted_row *rows, const uint32_t *list,
		       size_t count)
{
	struct tolerance_facts facts[FILL_KINDS_MAX] = { { 0 } };
	size_t i;
	int slot;

	for (i = 0; i < count; i++) {
		struct tolerance_facts *f = &facts[sample_row_of(spec, list[i]).slot];

		f->plain_error = fmax(f->plain_error, rows[i].plain_error);
		f->largest = fmax(f->largest, rows[i].largest);
	}
	for (slot = 0; slot < spec->deal.count; slot++) {
		struct tolerance_element largest = { .exact = facts[slot].largest, .magnitude = 1 };

		out[slot] = tolerance_limit(tolerance_of(DTYPE_BF16), &facts[slot], &largest);
	}
}

static bool row_is_bad(const struct trusted_row *r)
{
	return !(r->error_norm <= tolerance_row(tolerance_of(DTYPE_BF16), r->plain_norm, r->exact_norm));
}

void judge_rows(struct run_outcome *out, const struct run_spec *spec, const struct trusted_row *rows, const uint32_t *list, size_t count)
{
	double allowed[FILL_KINDS_MAX], most = -1;
	size_t i, worst = 0, bad_row = count;

	tolerances(allowed, spec, rows, list, count);
	out->rows = (long)count;
	for (i = 0; i < count; i++) {
		double share = tolerance_share(rows[i].max_error, allowed[sample_row_of(spec, list[i]).slot]);

		if (share > most) {
			most = share;
			worst = i;
		}
		if (bad_row == count && row_is_bad(&rows[i]))
			bad_row = i;
	}
	place_worst(out, spec, list[worst], &rows[worst], allowed[sample_row_of(spec, list[worst]).slot]);
	if (!(most <= 1)) {
		fail(out, spec, "wrong values");
	} else if (bad_row < count) {
		place_worst(out, spec, list[bad_row], &rows[bad_row], allowed[sample_row_of(spec, list[bad_row]).slot]);
		fail(out, spec, "a row is wrong as a whole");
	}
}

void judge_not_finite(struct run_outcome *out, const struct run_spec *spec, uint64_t element)
{
	place_row(out, spec, (size_t)(element / (uint64_t)spec->c->head_dim));
	out->worst.dim = (int)(element % (uint64_t)spec->c->head_dim);
	out->worst.expected = NAN;
	out->worst.got = NAN;
	out->verdict = VERDICT_INCORRECT;
	snprintf(out->reason, sizeof(out->reason), "not written, or not finite: batch %d, row %d, head %d, element %d (%s values)",
		 out->worst.batch, out->worst.row, out->worst.head, out->worst.dim, fill_name(out->fill));
}

static const char *const tensor_names[AVO_TENSORS] = { "input Q", "input K", "input V", "output tensor", "workspace" };

void judge_written_beside(struct run_outcome *out, int tensor, int64_t where)
{
	const char *side = where < 0 ? "before its start" : "behind its end";

	out->verdict = VERDICT_INCORRECT;
	snprintf(out->check, sizeof(out->check), "guard");
	snprintf(out->reason, sizeof(out->reason), "it wrote beside the %s: %" PRId64 " bytes %s", tensor_names[tensor],
		 where < 0 ? -where : where, side);
}

void judge_changed_input(struct run_outcome *out, int tensor, uint64_t element, uint16_t was, uint16_t is)
{
	out->verdict = VERDICT_CHEATED;
	snprintf(out->rule, sizeof(out->rule), "changed-input");
	snprintf(out->reason, sizeof(out->reason), "the candidate wrote into its %s", tensor_names[tensor]);
	snprintf(out->evidence, sizeof(out->evidence), "%s made again from its seed: element %" PRIu64 " was 0x%04x, is 0x%04x after the run",
		 tensor_names[tensor], element, was, is);
}
