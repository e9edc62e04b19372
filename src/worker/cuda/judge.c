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

static void place_worst(struct run_outcome *out, const struct run_spec *spec, uint32_t at, const struct trusted_row *row)
{
	place_row(out, spec, at);
	out->worst.dim = row->worst;
	out->worst.expected = row->expected;
	out->worst.got = row->got;
	out->max_error = row->error;
	out->tolerance = row->allowed;
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

struct trusted_limits judge_limits(void)
{
	const struct tolerance *t = tolerance_of(DTYPE_BF16);

	return (struct trusted_limits){ .noise = (float)t->noise, .rounding = (float)(t->rounding * t->epsilon), .floor = (float)t->floor };
}

static bool row_is_bad(const struct run_spec *spec, uint32_t at, const struct trusted_row *r)
{
	bool coherent = fill_kind((enum fill)spec->deal.kinds[sample_row_of(spec, at).slot])->coherent;

	return !(r->error_norm <= tolerance_row(tolerance_of(DTYPE_BF16), coherent, r->noise_norm, r->exact_norm));
}

void judge_rows(struct run_outcome *out, const struct run_spec *spec, const struct trusted_row *rows, const uint32_t *list, size_t count)
{
	size_t i, worst = 0, bad_row = count;

	out->rows = (long)count;
	for (i = 0; i < count; i++) {
		if (rows[i].share > rows[worst].share)
			worst = i;
		if (bad_row == count && row_is_bad(spec, list[i], &rows[i]))
			bad_row = i;
	}
	place_worst(out, spec, list[worst], &rows[worst]);
	if (!(rows[worst].share <= 1)) {
		fail(out, spec, "wrong values");
	} else if (bad_row < count) {
		place_worst(out, spec, list[bad_row], &rows[bad_row]);
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
