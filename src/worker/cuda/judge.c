#include "avo.h"
#include "worker/cuda/judge.h"

#include <avo/plan.h>

#include <inttypes.h>
#include <math.h>

/*
 * FlashAttention's rule: the candidate may be twice as wrong as the plain
 * computation in bf16, plus what rounding the output costs; and no row may be worse than
 * ROW_FACTOR times the plain computation's row or a few ulps of the row itself.
 */
#define PLAIN_FACTOR 2.0
#define ROUNDING_FACTOR 2.0
#define ROW_FACTOR 4.0
#define ROW_ULP (1.0 / 256)

/* Which batch, position and head the row is that lies at this place in memory. */
static void place_row(struct run_outcome *out, const struct task_case *c, uint64_t row)
{
	out->worst.head = (int)(row % (uint64_t)c->q_heads);
	out->worst.row = (int)(row / (uint64_t)c->q_heads % (uint64_t)c->q_len);
	out->worst.batch = (int)(row / (uint64_t)c->q_heads / (uint64_t)c->q_len);
}

static void place_worst(struct run_outcome *out, const struct task_case *c, uint32_t at, const struct trusted_row *row)
{
	place_row(out, c, at);
	out->worst.dim = row->worst;
	out->worst.expected = row->expected;
	out->worst.got = row->got;
}

static void fail(struct run_outcome *out, const char *what)
{
	out->verdict = VERDICT_INCORRECT;
	snprintf(out->reason, sizeof(out->reason), "%s: batch %d, row %d, head %d, element %d is %.5g, should be %.5g", what,
		 out->worst.batch, out->worst.row, out->worst.head, out->worst.dim, out->worst.got, out->worst.expected);
}

static bool row_is_bad(const struct trusted_row *r)
{
	return !(r->error_norm <= ROW_FACTOR * fmax(r->plain_norm, ROW_ULP * r->exact_norm));
}

void judge_rows(struct run_outcome *out, const struct task_case *c, const struct trusted_row *rows, const uint32_t *list, size_t count)
{
	size_t i, worst = 0, bad_row = count;
	double plain = 0, rounding = 0;

	out->rows = (long)count;
	for (i = 0; i < count; i++) {
		plain = fmax(plain, rows[i].plain_error);
		rounding = fmax(rounding, rows[i].rounding);
		if (rows[i].max_error > rows[worst].max_error)
			worst = i;
		if (bad_row == count && row_is_bad(&rows[i]))
			bad_row = i;
	}
	out->max_error = rows[worst].max_error;
	out->tolerance = PLAIN_FACTOR * plain + ROUNDING_FACTOR * rounding;
	place_worst(out, c, list[worst], &rows[worst]);
	if (!(out->max_error <= out->tolerance)) {
		fail(out, "wrong values");
	} else if (bad_row < count) {
		place_worst(out, c, list[bad_row], &rows[bad_row]);
		fail(out, "a row is wrong as a whole");
	}
}

void judge_not_finite(struct run_outcome *out, const struct task_case *c, uint64_t element)
{
	place_row(out, c, element / (uint64_t)c->head_dim);
	out->worst.dim = (int)(element % (uint64_t)c->head_dim);
	out->worst.expected = NAN;
	out->worst.got = NAN;
	out->verdict = VERDICT_INCORRECT;
	snprintf(out->reason, sizeof(out->reason), "not written, or not finite: batch %d, row %d, head %d, element %d", out->worst.batch,
		 out->worst.row, out->worst.head, out->worst.dim);
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
