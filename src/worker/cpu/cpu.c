/*
 * The CPU backend: candidates are shared objects in processes of their own.
 *
 * Inputs lie in one shared memory file that all candidates can read and none
 * can write; each candidate has an output file that it shares with the worker
 * alone. Every run moves the tensors to other addresses, fills fresh values,
 * surrounds them with NaN, and takes a private copy of the output the moment
 * the candidate says it is done.
 */
#include "avo.h"
#include "base/mem.h"
#include "worker/cpu/build.h"
#include "worker/cpu/compare.h"
#include "worker/cpu/cores.h"
#include "worker/cpu/openblas.h"
#include "worker/cpu/peak.h"
#include "worker/cpu/process.h"
#include "worker/cpu/values.h"
#include "worker/random.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD ((size_t)4096)			/* bytes of NaN around every tensor */
#define SLACK ((size_t)256 << 10)		/* how far tensors move between runs */
#define WORKSPACE ((size_t)16 << 20)
#define ABSURD_BANDWIDTH 1e12			/* bytes a second that no core reads */
#define PEAK_SLACK 1.02
#define PEAK_RETRIES 10

struct backend {
	struct cpu_compiler *compiler;
	struct random_source secret;
	char *inputs;				/* our writable view */
	size_t input_bytes;
	int input_fd, input_reader;		/* the second can only be mapped for reading */
	struct extents extents;
	int loaded;				/* candidates that map the inputs */
	int core;
	float *copy;				/* private, one output for each candidate of a run */
	size_t copy_count;
	double peak;
	double cpu_seconds, wall_seconds;	/* sums over calls, for telemetry */
};

struct candidate {
	struct backend *backend;
	struct cpu_process *process;
	struct openblas *library;		/* instead of a process: trusted, runs in ours */
	char calls[160];
};

static bool probe(char *device, size_t size)
{
	char model[96];

	cores_model(model, sizeof(model));
	snprintf(device, size, "%s, one of %ld cores", model, sysconf(_SC_NPROCESSORS_ONLN));
	return true;
}

static enum avo_status open_cpu(struct backend **out, struct error *err)
{
	struct backend *b = xcalloc(1, sizeof(*b));
	enum avo_status st = compiler_open(&b->compiler, err);

	if (st != AVO_OK) {
		free(b);
		return st;
	}
	b->input_fd = b->input_reader = -1;
	b->core = -1;
	b->peak = NAN;
	*out = b;
	return AVO_OK;
}

static void drop_inputs(struct backend *b)
{
	if (b->inputs)
		munmap(b->inputs, b->input_bytes);
	if (b->input_fd >= 0)
		close(b->input_fd);
	if (b->input_reader >= 0)
		close(b->input_reader);
	b->inputs = NULL;
	b->input_fd = b->input_reader = -1;
	b->extents = (struct extents){ 0 };
}

static void close_cpu(struct backend *b)
{
	if (!b)
		return;
	drop_inputs(b);
	compiler_close(b->compiler);
	free(b->copy);
	free(b);
}

static enum avo_status build(struct build **out, struct build_report *report, struct backend *b, const char *dir,
			     const char *cache, struct error *err)
{
	return cpu_build(out, report, b->compiler, dir, cache, err);
}

static enum avo_status build_file(struct build **out, struct build_report *report, struct backend *b, const char *file,
				  const char *cache, struct error *err)
{
	return cpu_build_object(out, report, file, err);
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static size_t tensor_bytes(size_t elements)
{
	return round_up(elements * sizeof(float), 64);
}

/* Of the output tensor wherever it lies; the workspace follows. */
static size_t output_span(const struct extents *e)
{
	return round_up(HOST_RESERVED + SLACK + tensor_bytes(e->q_elements) + 2 * GUARD, 4096);
}

static size_t output_bytes(const struct extents *e)
{
	return output_span(e) + SLACK + WORKSPACE;
}

static enum avo_status make_inputs(struct backend *b, const struct extents *e, struct error *err)
{
	char path[64];

	if (e->q_elements <= b->extents.q_elements && e->kv_elements <= b->extents.kv_elements)
		return AVO_OK;
	if (b->loaded)
		return error_set(err, AVO_USAGE, "candidates of one job must be loaded with the same extents");
	drop_inputs(b);
	b->input_bytes = round_up(SLACK + tensor_bytes(e->q_elements) + 2 * tensor_bytes(e->kv_elements) + 4 * GUARD, 4096);
	b->input_fd = memfd_create("avo-inputs", MFD_CLOEXEC);
	if (b->input_fd < 0 || ftruncate(b->input_fd, (off_t)b->input_bytes) != 0)
		return error_errno(err, errno, "cannot make %zu bytes of shared memory", b->input_bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", b->input_fd);
	b->input_reader = open(path, O_RDONLY | O_CLOEXEC);
	b->inputs = mmap(NULL, b->input_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, b->input_fd, 0);
	if (b->input_reader < 0 || b->inputs == MAP_FAILED) {
		b->inputs = b->inputs == MAP_FAILED ? NULL : b->inputs;
		return error_errno(err, errno, "cannot map %zu bytes of shared memory", b->input_bytes);
	}
	memset(b->inputs, 0xff, b->input_bytes);
	b->extents = *e;
	return AVO_OK;
}

/* All candidates of a job share a core. */
static void choose_core(struct backend *b)
{
	if (b->loaded)
		return;
	b->core = cores_pick();
	cores_avoid(b->core);
}

static enum avo_status load(struct candidate **out, struct run_outcome *outcome, struct backend *b, const struct build *build,
			    const struct extents *extents, struct error *err)
{
	struct candidate *c = xcalloc(1, sizeof(*c));
	enum avo_status st = make_inputs(b, extents, err);
	struct process_spec spec;

	*out = NULL;
	if (st == AVO_OK)
		choose_core(b);
	spec = (struct process_spec){ .object = build->object, .input_fd = b->input_reader, .input_bytes = b->input_bytes,
				      .output_bytes = output_bytes(&b->extents), .core = b->core };
	if (st == AVO_OK)
		st = process_start(&c->process, outcome, &spec, err);
	if (st != AVO_OK || !c->process) {
		free(c);
		return st;
	}
	c->backend = b;
	snprintf(c->calls, sizeof(c->calls), "%s", build->calls);
	b->loaded++;
	*out = c;
	return AVO_OK;
}

static enum avo_status library(struct candidate **out, char name[PEER_NAME_SIZE], struct backend *b, const struct extents *extents,
			       struct error *err)
{
	struct candidate *c = xcalloc(1, sizeof(*c));
	enum avo_status st = make_inputs(b, extents, err);

	if (st == AVO_OK)
		st = openblas_open(&c->library, name, PEER_NAME_SIZE, err);
	if (st != AVO_OK) {
		free(c);
		return st;
	}
	choose_core(b);
	c->backend = b;
	b->loaded++;
	*out = c;
	return AVO_OK;
}

static void unload(struct candidate *c)
{
	if (!c)
		return;
	if (--c->backend->loaded == 0)
		cores_avoid(-1);
	if (c->process)
		process_stop(c->process);
	openblas_close(c->library);
	free(c);
}

/* Where the tensors lie in this run, as offsets. */
struct placement {
	struct host_command command;
	struct tensors inputs;		/* our view of them */
	size_t out_elements;
};

static size_t random_offset(struct backend *b)
{
	return (size_t)random_below(random_seed(&b->secret), SLACK / 64) * 64;
}

static void place(struct placement *p, struct backend *b, const struct task_case *c)
{
	size_t q = tensor_bytes(case_q_elements(c)), kv = tensor_bytes(case_kv_elements(c)), at = random_offset(b) + GUARD;
	struct host_command *m = &p->command;

	memset(p, 0, sizeof(*p));
	m->q = at;
	m->k = m->q + q + GUARD;
	m->v = m->k + kv + GUARD;
	m->out = HOST_RESERVED + random_offset(b) + GUARD;
	m->workspace = output_span(&b->extents) + random_offset(b);
	m->workspace_bytes = WORKSPACE;
	m->batch = c->batch;
	m->q_len = c->q_len;
	m->kv_len = c->kv_len;
	m->q_heads = c->q_heads;
	m->kv_heads = c->kv_heads;
	m->head_dim = c->head_dim;
	m->causal = c->causal;
	m->scale = (float)(1 / sqrt(c->head_dim));
	p->inputs.q = (float *)(b->inputs + m->q);
	p->inputs.k = (float *)(b->inputs + m->k);
	p->inputs.v = (float *)(b->inputs + m->v);
	p->out_elements = case_q_elements(c);
	memset(b->inputs + m->q - GUARD, 0xff, GUARD);
	memset(b->inputs + m->q + q, 0xff, GUARD);
	memset(b->inputs + m->k + kv, 0xff, GUARD);
	memset(b->inputs + m->v + kv, 0xff, GUARD);
}

static bool all_ff(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] != 0xff)
			return false;
	return true;
}

/* On the core that the candidates have, for as long as it takes. */
static void call_library(struct run_outcome *o, struct candidate *c, const struct placement *p, const struct run_spec *spec, float *out)
{
	memset(out, 0xff, p->out_elements * sizeof(float));
	cores_use(c->backend->core);
	openblas_attention(o, c->library, spec->c, &p->inputs, out);
	cores_avoid(c->backend->core);
}

static void call(struct run_outcome *o, struct candidate *c, struct placement *p, const struct run_spec *spec, float *copy)
{
	struct backend *b = c->backend;
	char *out = process_output(c->process) + p->command.out;
	size_t bytes = p->out_elements * sizeof(float);

	memset(out - GUARD, 0xff, bytes + 2 * GUARD);
	process_call(o, c->process, &p->command, 1 + case_flops(spec->c) / 1e8);
	memcpy(copy, out, bytes);
	if (o->verdict == VERDICT_CHEATED && c->calls[0] && strcmp(o->rule, "syscall") == 0)
		snprintf(o->evidence + strlen(o->evidence), sizeof(o->evidence) - strlen(o->evidence), "; the object imports %s",
			 c->calls);
	if (o->verdict != VERDICT_PASSED)
		return;
	b->cpu_seconds += o->seconds;
	b->wall_seconds += o->wall_seconds;
	if (!all_ff(out - GUARD, GUARD) || !all_ff(out + bytes, GUARD)) {
		o->verdict = VERDICT_INCORRECT;
		snprintf(o->check, sizeof(o->check), "guard");
		snprintf(o->reason, sizeof(o->reason), "it wrote beside the output tensor (%s values, %d x %d, head_dim %d)",
			 fill_deal_name(&spec->deal), spec->c->q_len, spec->c->kv_len, spec->c->head_dim);
	}
}

static enum avo_status run(struct run_outcome *outcomes, struct backend *b, struct candidate *const *who, int count,
			   const struct run_spec *spec, struct error *err)
{
	size_t n = case_q_elements(spec->c);
	struct compare *cmp = NULL;
	struct placement p;
	int i;

	if (n > b->extents.q_elements || case_kv_elements(spec->c) > b->extents.kv_elements)
		return error_set(err, AVO_USAGE, "case %s is larger than what the candidate was loaded for", spec->c->name);
	b->copy = xgrow(b->copy, &b->copy_count, n * (size_t)count, sizeof(float));
	place(&p, b, spec->c);
	values_fill(&p.inputs, spec);
	for (i = 0; i < count; i++) {
		if (who[i]->library)
			call_library(&outcomes[i], who[i], &p, spec, b->copy + (size_t)i * n);
		else
			call(&outcomes[i], who[i], &p, spec, b->copy + (size_t)i * n);
	}
	for (i = 0; i < count; i++) {
		if (outcomes[i].verdict != VERDICT_PASSED)
			continue;
		if (!cmp)
			cmp = compare_new(spec, &p.inputs, random_seed(&b->secret));
		compare_output(&outcomes[i], cmp, b->copy + (size_t)i * n);
	}
	compare_free(cmp);
	return AVO_OK;
}

static double gigaflops(struct backend *b)
{
	if (isnan(b->peak))
		b->peak = peak_measure();
	return b->peak;
}

/* The largest peak seen counts: load on a shared machine makes a measurement too low, nothing makes it too high. */
static void measure_again(struct backend *b)
{
	int i;

	for (i = 0; i < PEAK_RETRIES; i++)
		b->peak = fmax(b->peak, peak_measure());
}

static double peak(struct backend *b, const char *unit)
{
	return gigaflops(b) * (strcmp(unit, "TFLOPS") == 0 ? 1e-3 : 1);
}

static double floor_seconds(struct backend *b, const struct task_case *c, bool sure)
{
	double compute;

	if (sure)
		measure_again(b);
	compute = case_flops(c) / (gigaflops(b) * PEAK_SLACK * 1e9);

	return fmax(isnan(compute) ? 0 : compute, case_bytes(c) / ABSURD_BANDWIDTH);
}

static void telemetry(cJSON *obj, struct backend *b)
{
	json_set_str(obj, "clock", "cpu time of the candidate's process");
	json_set_int(obj, "core", b->core);
	/* 1: the core was the candidate's alone */
	json_set_num(obj, "core_share", b->wall_seconds > 0 ? b->cpu_seconds / b->wall_seconds : NAN);
	b->cpu_seconds = b->wall_seconds = 0;
}

const struct backend_ops cpu_backend = {
	.name = "cpu",
	.probe = probe,
	.open = open_cpu,
	.close = close_cpu,
	.build = build,
	.build_free = cpu_build_free,
	.load = load,
	.unload = unload,
	.run = run,
	.peak = peak,
	.floor_seconds = floor_seconds,
	.build_file = build_file,
	.library = library,
	.library_name = "OpenBLAS",
	.peak_at = "measured",
	.telemetry = telemetry,
};
