#include "avo.h"
#include "base/mem.h"
#include "score/stats.h"
#include "worker/cpu/compare.h"
#include "worker/cpu/cores.h"
#include "worker/cpu/openblas.h"
#include "worker/cpu/values.h"
#include "worker/random.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_SAMPLES 64
#define LIBRARY "libopenblas.so.0"
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef void sgemm_fn(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
		      int ldb, float beta, float *c, int ldc);

struct blas {
	void *handle;
	sgemm_fn *sgemm;
	char name[64];
};

struct work {
	const struct task_case *c;
	struct tensors in;
	float *out, *scores;
};

/* The kernels it has chosen for this processor: "Haswell"; "" when it does not say. */
static const char *core_name(void *handle)
{
	char *(*corename)(void);

	*(void **)&corename = dlsym(handle, "openblas_get_corename");
	return corename ? corename() : "";
}

/* What a build for x86-64 falls back to when it does not know a processor that is newer than it. */
static bool is_fallback(const char *core)
{
	static const char *const old[] = { "Prescott", "Core2", "Generic", "generic" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(old); i++)
		if (strcmp(core, old[i]) == 0)
			return true;
	return false;
}

/* Asked in a process of its own, since the choice is made once, when the library is loaded. */
static bool falls_back(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

		_exit(handle && is_fallback(core_name(handle)));
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* A peer that ran SSE3 on a processor with AVX-512 would be no peer. */
static void choose_core(void)
{
	if (getenv("OPENBLAS_CORETYPE") || !falls_back())
		return;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
	    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd"))
		setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
	else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		setenv("OPENBLAS_CORETYPE", "Haswell", 1);
#endif
}

/* Loaded with one thread: it starts its pool when it is loaded. */
static bool blas_open(struct blas *b)
{
	char *(*config)(void);
	const char *text, *version;

	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	choose_core();
	b->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!b->handle)
		return false;
	*(void **)&b->sgemm = dlsym(b->handle, "cblas_sgemm");
	*(void **)&config = dlsym(b->handle, "openblas_get_config");
	text = config ? config() : NULL;
	version = text ? strchr(text, ' ') : NULL;
	snprintf(b->name, sizeof(b->name), "OpenBLAS%.*s %.24s", version ? (int)strcspn(version + 1, " ") + 1 : 0,
		 version ? version : "", core_name(b->handle));
	return b->sgemm;
}

#define V16 16
typedef float v16f __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t v16i __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t v16u __attribute__((vector_size(64), aligned(4), may_alias));

/* e^x for x <= 0 in f32, about 1e-7 relative: 2^n e^r, e^r by its series to degree 7. Below -87 it is 0. */
static inline __attribute__((always_inline)) void exp_lanes(v16f *x)
{
	static const float c[] = { 1 / 5040.0f, 1 / 720.0f, 1 / 120.0f, 1 / 24.0f, 1 / 6.0f, 0.5f, 1, 1 };
	const float round = 0x1.8p23f;
	v16i keep = *x > -87.0f;
	v16f a = (v16f)(keep & (v16i)*x), t = a * 0x1.715476p0f + round, n = t - round;
	v16f r = a - n * 0x1.62e4p-1f, p = { 0 };
	size_t i;

	r = r - n * 0x1.7f7d1cp-20f;
	for (i = 0; i < ARRAY_LEN(c); i++)
		p = p * r + c[i];
	p = (v16f)((v16u)p + ((v16u)t << 23));
	*x = (v16f)(keep & (v16i)p);
}

/* n is rounded up by the caller's padding: values behind the row are written and never read. */
static inline __attribute__((always_inline)) void softmax(float *row, int n)
{
	v16f top, sum = { 0 };
	float max = row[0], total = 0;
	int j, l, body = n - n % V16;

	if (body) {
		top = *(v16f *)row;
		for (j = V16; j < body; j += V16) {
			v16f x = *(v16f *)(row + j);
			v16i greater = x > top;

			top = (v16f)((greater & (v16i)x) | (~greater & (v16i)top));
		}
		for (l = 0; l < V16; l++)
			max = top[l] > max ? top[l] : max;
	}
	for (j = body; j < n; j++)
		max = row[j] > max ? row[j] : max;
	for (j = 0; j < body; j += V16) {
		v16f x = *(v16f *)(row + j) - max;

		exp_lanes(&x);
		sum += x;
		*(v16f *)(row + j) = x;
	}
	for (; j < n; j++) {
		row[j] = expf(row[j] - max);
		total += row[j];
	}
	for (l = 0; l < V16; l++)
		total += sum[l];
	total = 1 / total;
	for (j = 0; j < n; j++)
		row[j] *= total;
}

typedef void softmax_fn(float *row, int n);

static void softmax_any(float *row, int n)
{
	softmax(row, n);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) AVO_OPTIMIZE("O3") static void softmax_avx2(float *row, int n)
{
	softmax(row, n);
}

__attribute__((target("avx512f,avx512dq,fma"))) AVO_OPTIMIZE("O3") static void softmax_avx512(float *row, int n)
{
	softmax(row, n);
}
#endif

static softmax_fn *softmax_best(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
		return softmax_avx512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return softmax_avx2;
#endif
	return softmax_any;
}

static void head(const struct blas *b, const struct work *w, int batch, int h, softmax_fn *rows)
{
	const struct task_case *c = w->c;
	int d = c->head_dim, kv_head = h / (c->q_heads / c->kv_heads), ldq = c->q_heads * d, ldk = c->kv_heads * d, i;
	size_t q = (size_t)batch * (size_t)c->q_len * (size_t)ldq + (size_t)(h * d);
	size_t kv = (size_t)batch * (size_t)c->kv_len * (size_t)ldk + (size_t)(kv_head * d);

	b->sgemm(ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE, c->q_len, c->kv_len, d, (float)(1 / sqrt(d)), w->in.q + q, ldq,
		 w->in.k + kv, ldk, 0, w->scores, c->kv_len);
	for (i = 0; i < c->q_len; i++) {
		float *row = w->scores + (size_t)i * (size_t)c->kv_len;
		int n = case_visible_keys(c, i);

		rows(row, n);
		memset(row + n, 0, (size_t)(c->kv_len - n) * sizeof(float));
	}
	b->sgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, c->q_len, d, c->kv_len, 1, w->scores, c->kv_len, w->in.v + kv, ldk, 0,
		 w->out + q, ldq);
}

static double thread_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double attention(const struct blas *b, const struct work *w)
{
	softmax_fn *rows = softmax_best();
	double start = thread_seconds();
	int batch, h;

	for (batch = 0; batch < w->c->batch; batch++)
		for (h = 0; h < w->c->q_heads; h++)
			head(b, w, batch, h, rows);
	return thread_seconds() - start;
}

static enum avo_status sample(double *seconds, const struct blas *b, struct work *w, struct random_source *seeds,
			      struct error *err)
{
	struct run_spec spec = { .c = w->c, .seed = random_seed(seeds), .rows = 16 };
	struct run_outcome outcome = { 0 };
	struct compare *cmp;

	values_fill(&w->in, &spec);
	*seconds = attention(b, w);
	cmp = compare_new(&spec, &w->in, random_seed(seeds));
	compare_output(&outcome, cmp, w->out);
	compare_free(cmp);
	if (outcome.verdict != VERDICT_PASSED)
		return error_set(err, AVO_CORRUPT, "%s computes wrong values: %s", b->name, outcome.reason);
	return AVO_OK;
}

static enum avo_status measure(struct case_score *out, const struct blas *b, const struct task_case *c, int samples,
			       struct error *err)
{
	size_t q = case_q_elements(c), kv = case_kv_elements(c);
	float *memory = aligned_alloc(64, ((2 * (q + kv) + (size_t)c->q_len * (size_t)c->kv_len) * sizeof(float) + 63) / 64 * 64);
	struct work w = { .c = c, .in = { memory, memory + q, memory + q + kv }, .out = memory + q + 2 * kv,
			  .scores = memory + 2 * q + 2 * kv };
	struct random_source seeds = { 0 };
	double value[MAX_SAMPLES], seconds;
	enum avo_status st;
	int i;

	if (!memory)
		return error_set(err, AVO_ENVIRONMENT, "not enough memory for the scores of case %s", c->name);
	st = sample(&seconds, b, &w, &seeds, err);	/* warm-up */
	for (i = 0; st == AVO_OK && i < samples; i++) {
		st = sample(&seconds, b, &w, &seeds, err);
		value[i] = case_flops(c) / seconds * 1e-9;
	}
	if (st == AVO_OK) {
		snprintf(out->name, sizeof(out->name), "%s", c->name);
		out->value = stats_median(value, samples);
		out->std = stats_std(value, samples);
		out->n = samples;
	}
	free(memory);
	return st;
}

enum avo_status openblas_peer(cJSON *list, const struct suite *suite, int samples, struct job_progress *progress,
			      struct error *err)
{
	struct score score = { .unit = "GFLOPS" };
	enum avo_status st = AVO_OK;
	struct blas b = { 0 };
	cJSON *peer;
	int i;

	samples = samples > MAX_SAMPLES ? MAX_SAMPLES : samples;
	if (!blas_open(&b))
		return AVO_OK;
	for (i = 0; st == AVO_OK && i < suite->count; i++) {
		st = measure(&score.cases[score.count++], &b, &suite->cases[i], samples, err);
		job_progress(progress, "peers", i + 1, suite->count);
	}
	if (st != AVO_OK)
		return st;
	score_set_geomean(&score);
	peer = cJSON_CreateObject();
	json_set_str(peer, "name", b.name);
	score_to_json(peer, &score);
	json_push(list, peer);
	return AVO_OK;
}
