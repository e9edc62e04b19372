#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "worker/cpu/openblas.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIBRARY "libopenblas.so.0"
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef void sgemm_fn(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
		      int ldb, float beta, float *c, int ldc);

struct openblas {
	sgemm_fn *sgemm;
	float *scores;			/* of one head, q_len x kv_len of the largest case so far */
	size_t score_count;
};

struct work {
	const struct task_case *c;
	const struct tensors *in;
	float *out;
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
enum avo_status openblas_open(struct openblas **out, char *name, size_t size, struct error *err)
{
	char *(*config)(void);
	const char *text, *version;
	struct openblas *b;
	void *handle;
	sgemm_fn *sgemm = NULL;

	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	choose_core();
	handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (handle)
		*(void **)&sgemm = dlsym(handle, "cblas_sgemm");
	if (!sgemm)
		return error_set(err, AVO_ENVIRONMENT, "%s is not installed", LIBRARY);
	*(void **)&config = dlsym(handle, "openblas_get_config");
	text = config ? config() : NULL;
	version = text ? strchr(text, ' ') : NULL;
	snprintf(name, size, "OpenBLAS%.*s %.24s", version ? (int)strcspn(version + 1, " ") + 1 : 0, version ? version : "",
		 core_name(handle));
	b = xcalloc(1, sizeof(*b));
	b->sgemm = sgemm;
	*out = b;
	return AVO_OK;
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

static void head(const struct openblas *b, const struct work *w, int batch, int h, softmax_fn *rows)
{
	const struct task_case *c = w->c;
	int d = c->head_dim, kv_head = h / (c->q_heads / c->kv_heads), ldq = c->q_heads * d, ldk = c->kv_heads * d, i;
	size_t q = (size_t)batch * (size_t)c->q_len * (size_t)ldq + (size_t)(h * d);
	size_t kv = (size_t)batch * (size_t)c->kv_len * (size_t)ldk + (size_t)(kv_head * d);

	b->sgemm(ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE, c->q_len, c->kv_len, d, (float)(1 / sqrt(d)), w->in->q + q, ldq,
		 w->in->k + kv, ldk, 0, b->scores, c->kv_len);
	for (i = 0; i < c->q_len; i++) {
		float *row = b->scores + (size_t)i * (size_t)c->kv_len;
		int n = case_visible_keys(c, i);

		rows(row, n);
		memset(row + n, 0, (size_t)(c->kv_len - n) * sizeof(float));
	}
	b->sgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, c->q_len, d, c->kv_len, 1, b->scores, c->kv_len, w->in->v + kv, ldk, 0,
		 w->out + q, ldq);
}

static double thread_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool make_room(struct openblas *b, const struct task_case *c)
{
	size_t want = (size_t)c->q_len * (size_t)c->kv_len;

	if (want <= b->score_count)
		return true;
	free(b->scores);
	b->scores = aligned_alloc(64, (want * sizeof(float) + 63) / 64 * 64);
	b->score_count = b->scores ? want : 0;
	return b->scores;
}

void openblas_attention(struct run_outcome *o, struct openblas *b, const struct task_case *c, const struct tensors *in, float *out)
{
	struct work w = { .c = c, .in = in, .out = out };
	softmax_fn *rows = softmax_best();
	int64_t wall = clock_mono_ns();
	double start = thread_seconds();
	int batch, h;

	memset(o, 0, sizeof(*o));
	o->verdict = VERDICT_CRASHED;
	o->seconds = NAN;
	if (!make_room(b, c)) {
		snprintf(o->reason, sizeof(o->reason), "not enough memory for %d x %d scores", c->q_len, c->kv_len);
		return;
	}
	for (batch = 0; batch < c->batch; batch++)
		for (h = 0; h < c->q_heads; h++)
			head(b, &w, batch, h, rows);
	o->verdict = VERDICT_PASSED;
	o->seconds = thread_seconds() - start;
	o->wall_seconds = (double)(clock_mono_ns() - wall) * 1e-9;
}

void openblas_close(struct openblas *b)
{
	if (!b)
		return;
	free(b->scores);
	free(b);	/* the library stays: it does not expect to be unloaded */
}
