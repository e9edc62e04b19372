#include "avo.h"
#include "base/mem.h"
#include "worker/cuda/cudnn.h"
#include "worker/cuda/dl.h"

#include <math.h>

#include "worker/cuda/api/cudnn_api.h"

static struct {
	bool loaded;
	size_t (*version)(void);
	void (*last_error)(char *, size_t);
	cudnnStatus_t (*create)(cudnnHandle_t *);
	cudnnStatus_t (*destroy)(cudnnHandle_t);
	cudnnStatus_t (*set_stream)(cudnnHandle_t, cudaStream_t);
	cudnnStatus_t (*create_descriptor)(cudnnBackendDescriptorType_t, cudnnBackendDescriptor_t *);
	cudnnStatus_t (*destroy_descriptor)(cudnnBackendDescriptor_t);
	cudnnStatus_t (*finalize)(cudnnBackendDescriptor_t);
	cudnnStatus_t (*set)(cudnnBackendDescriptor_t, cudnnBackendAttributeName_t, cudnnBackendAttributeType_t, int64_t,
			     const void *);
	cudnnStatus_t (*get)(cudnnBackendDescriptor_t const, cudnnBackendAttributeName_t, cudnnBackendAttributeType_t,
			     int64_t, int64_t *, void *);
	cudnnStatus_t (*execute)(cudnnHandle_t, cudnnBackendDescriptor_t, cudnnBackendDescriptor_t);
} dnn;

enum tensor_uid { UID_Q = 1, UID_K, UID_V, UID_O, UID_SCALE, UID_MINUS_INFINITY, UID_FIRST_VIRTUAL = 100 };

#define MAX_DESCRIPTORS 192
#define MAX_OPERATIONS 16
#define MAX_CONFIGS 32

typedef cudnnBackendDescriptor_t descriptor;

struct cudnn_sdpa {
	cudnnHandle_t handle;
	descriptor plan, pack;
	int64_t workspace;
	float scale, minus_infinity;	/* by-value tensors: read through these addresses at execution */
	bool causal;

	/* while building: the first failure stays, later calls do nothing */
	descriptor made[MAX_DESCRIPTORS];
	int made_count;
	descriptor operations[MAX_OPERATIONS];
	int operation_count;
	int64_t next_uid;
	cudnnStatus_t status;
	const char *failed;
};

struct shape {
	int64_t dim[4], stride[4];
};

static enum avo_status load(struct error *err)
{
	static const char *const names[] = { "libcudnn.so.9", "/usr/local/cuda/lib64/libcudnn.so.9", "libcudnn.so", NULL };
	static const struct dl_library library = {
		"cuDNN", "AVO_CUDNN", names, "install cuDNN 9 or name libcudnn.so.9 in AVO_CUDNN; without it there is no cuDNN baseline",
	};
	const struct dl_symbol symbols[] = {
		{ "cudnnGetVersion", &dnn.version, false },
		{ "cudnnGetLastErrorString", &dnn.last_error, false },
		{ "cudnnCreate", &dnn.create, false },
		{ "cudnnDestroy", &dnn.destroy, false },
		{ "cudnnSetStream", &dnn.set_stream, false },
		{ "cudnnBackendCreateDescriptor", &dnn.create_descriptor, false },
		{ "cudnnBackendDestroyDescriptor", &dnn.destroy_descriptor, false },
		{ "cudnnBackendFinalize", &dnn.finalize, false },
		{ "cudnnBackendSetAttribute", &dnn.set, false },
		{ "cudnnBackendGetAttribute", &dnn.get, false },
		{ "cudnnBackendExecute", &dnn.execute, false },
	};
	enum avo_status st = dnn.loaded ? AVO_OK : dl_load(&library, symbols, ARRAY_LEN(symbols), err);

	dnn.loaded = st == AVO_OK;
	return st;
}

enum avo_status cudnn_describe(char *out, size_t size, struct error *err)
{
	enum avo_status st = load(err);
	size_t v;

	if (st != AVO_OK)
		return st;
	v = dnn.version();
	snprintf(out, size, "cuDNN %zu.%zu.%zu", v / 10000, v / 100 % 100, v % 100);
	return AVO_OK;
}

/* ---- descriptors: a chain of calls of which the first failure is kept -------- */

static bool good(struct cudnn_sdpa *s, cudnnStatus_t status, const char *what)
{
	if (s->status == CUDNN_STATUS_SUCCESS && status != CUDNN_STATUS_SUCCESS) {
		s->status = status;
		s->failed = what;
	}
	return s->status == CUDNN_STATUS_SUCCESS;
}

static descriptor make(struct cudnn_sdpa *s, cudnnBackendDescriptorType_t type)
{
	descriptor d = NULL;

	if (s->status != CUDNN_STATUS_SUCCESS)
		return NULL;
	if (s->made_count == MAX_DESCRIPTORS) {
		good(s, CUDNN_STATUS_INTERNAL_ERROR, "descriptor table");
		return NULL;
	}
	if (good(s, dnn.create_descriptor(type, &d), "create descriptor"))
		s->made[s->made_count++] = d;
	return d;
}

static void set(struct cudnn_sdpa *s, descriptor d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
		int64_t count, const void *value)
{
	if (s->status == CUDNN_STATUS_SUCCESS)
		good(s, dnn.set(d, name, type, count, value), "set attribute");
}

static void set_descriptor(struct cudnn_sdpa *s, descriptor d, cudnnBackendAttributeName_t name, descriptor value)
{
	set(s, d, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

static void finish(struct cudnn_sdpa *s, descriptor d, const char *what)
{
	if (s->status == CUDNN_STATUS_SUCCESS)
		good(s, dnn.finalize(d), what);
}

static enum avo_status build_failed(struct cudnn_sdpa *s, struct error *err)
{
	char text[256] = "";

	dnn.last_error(text, sizeof(text));
	return error_set(err, AVO_ENVIRONMENT, "cuDNN refuses this attention case (%s, status %d): %.200s", s->failed,
			 (int)s->status, text);
}

/* ---- tensors --------------------------------------------------------------- */

/* Dimensions are always {batch, heads, length, depth}; the layout is in the strides. */
static struct shape bshd(int64_t batch, int64_t heads, int64_t length, int64_t depth)
{
	return (struct shape){ { batch, heads, length, depth }, { length * heads * depth, depth, heads * depth, 1 } };
}

static struct shape transposed(struct shape s)
{
	return (struct shape){ { s.dim[0], s.dim[1], s.dim[3], s.dim[2] },
			       { s.stride[0], s.stride[1], s.stride[3], s.stride[2] } };
}

static struct shape dense(int64_t batch, int64_t heads, int64_t rows, int64_t columns)
{
	return (struct shape){ { batch, heads, rows, columns }, { heads * rows * columns, rows * columns, columns, 1 } };
}

enum tensor_kind { IN_MEMORY, VIRTUAL, BY_VALUE };

static descriptor tensor(struct cudnn_sdpa *s, int64_t uid, cudnnDataType_t type, struct shape shape, enum tensor_kind kind)
{
	descriptor t = make(s, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
	int64_t align = kind == BY_VALUE ? 4 : 16;
	bool yes = true;

	set(s, t, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
	set(s, t, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, shape.dim);
	set(s, t, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, shape.stride);
	set(s, t, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &uid);
	set(s, t, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &align);
	if (kind == VIRTUAL)
		set(s, t, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &yes);
	if (kind == BY_VALUE)
		set(s, t, CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &yes);
	finish(s, t, "tensor");
	return t;
}

static descriptor intermediate(struct cudnn_sdpa *s, cudnnDataType_t type, struct shape shape)
{
	return tensor(s, s->next_uid++, type, shape, VIRTUAL);
}

/* ---- operations ------------------------------------------------------------ */

static void add_operation(struct cudnn_sdpa *s, descriptor op, const char *what)
{
	finish(s, op, what);
	if (s->operation_count < MAX_OPERATIONS)
		s->operations[s->operation_count++] = op;
	else
		good(s, CUDNN_STATUS_INTERNAL_ERROR, "operation table");
}

static void matmul(struct cudnn_sdpa *s, descriptor a, descriptor b, descriptor c)
{
	descriptor how = make(s, CUDNN_BACKEND_MATMUL_DESCRIPTOR);
	descriptor op = make(s, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
	cudnnDataType_t compute = CUDNN_DATA_FLOAT;

	set(s, how, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
	finish(s, how, "matmul");
	set_descriptor(s, op, CUDNN_ATTR_OPERATION_MATMUL_ADESC, a);
	set_descriptor(s, op, CUDNN_ATTR_OPERATION_MATMUL_BDESC, b);
	set_descriptor(s, op, CUDNN_ATTR_OPERATION_MATMUL_CDESC, c);
	set_descriptor(s, op, CUDNN_ATTR_OPERATION_MATMUL_DESC, how);
	add_operation(s, op, "matmul operation");
}

struct pointwise {
	cudnnPointwiseMode_t mode;
	cudnnDataType_t precision;
	int64_t axis;		/* GEN_INDEX only */
	descriptor x, b, t, y;	/* b and t may be NULL */
};

static void pointwise(struct cudnn_sdpa *s, struct pointwise p)
{
	descriptor how = make(s, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
	descriptor op = make(s, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
	float one = 1;

	set(s, how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &p.mode);
	set(s, how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &p.precision);
	if (p.mode == CUDNN_POINTWISE_GEN_INDEX)
		set(s, how, CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, 1, &p.axis);
	finish(s, how, "pointwise");
	set_descriptor(s, op, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
	set_descriptor(s, op, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, p.x);
	set_descriptor(s, op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, p.y);
	if (p.b)
		set_descriptor(s, op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, p.b);
	if (p.t)
		set_descriptor(s, op, CUDNN_ATTR_OPERATION_POINTWISE_TDESC, p.t);
	set(s, op, CUDNN_ATTR_OPERATION_POINTWISE_ALPHA1, CUDNN_TYPE_FLOAT, 1, &one);
	set(s, op, CUDNN_ATTR_OPERATION_POINTWISE_ALPHA2, CUDNN_TYPE_FLOAT, 1, &one);
	add_operation(s, op, "pointwise operation");
}

static void reduce(struct cudnn_sdpa *s, cudnnReduceTensorOp_t mode, descriptor x, descriptor y)
{
	descriptor how = make(s, CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
	descriptor op = make(s, CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
	cudnnDataType_t compute = CUDNN_DATA_FLOAT;

	set(s, how, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
	set(s, how, CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, &mode);
	finish(s, how, "reduction");
	set_descriptor(s, op, CUDNN_ATTR_OPERATION_REDUCTION_DESC, how);
	set_descriptor(s, op, CUDNN_ATTR_OPERATION_REDUCTION_XDESC, x);
	set_descriptor(s, op, CUDNN_ATTR_OPERATION_REDUCTION_YDESC, y);
	add_operation(s, op, "reduction operation");
}

/* Scores with everything above the diagonal at minus infinity. */
static descriptor causal_select(struct cudnn_sdpa *s, descriptor scores, struct shape all)
{
	struct shape one = { { 1, 1, 1, 1 }, { 1, 1, 1, 1 } };
	descriptor infinity = tensor(s, UID_MINUS_INFINITY, CUDNN_DATA_FLOAT, one, BY_VALUE);
	descriptor row = intermediate(s, CUDNN_DATA_INT32, all), column = intermediate(s, CUDNN_DATA_INT32, all);
	descriptor visible = intermediate(s, CUDNN_DATA_BOOLEAN, all), masked = intermediate(s, CUDNN_DATA_FLOAT, all);

	pointwise(s, (struct pointwise){ CUDNN_POINTWISE_GEN_INDEX, CUDNN_DATA_FLOAT, 2, scores, NULL, NULL, row });
	pointwise(s, (struct pointwise){ CUDNN_POINTWISE_GEN_INDEX, CUDNN_DATA_FLOAT, 3, scores, NULL, NULL, column });
	pointwise(s, (struct pointwise){ CUDNN_POINTWISE_CMP_GE, CUDNN_DATA_BOOLEAN, 0, row, column, NULL, visible });
	pointwise(s, (struct pointwise){ CUDNN_POINTWISE_BINARY_SELECT, CUDNN_DATA_FLOAT, 0, scores, infinity, visible, masked });
	return masked;
}

static void describe_attention(struct cudnn_sdpa *s, const struct task_case *c)
{
	struct shape q = bshd(c->batch, c->q_heads, c->q_len, c->head_dim);
	struct shape kv = bshd(c->batch, c->kv_heads, c->kv_len, c->head_dim);
	struct shape all = dense(c->batch, c->q_heads, c->q_len, c->kv_len);
	struct shape rows = dense(c->batch, c->q_heads, c->q_len, 1);
	struct shape one = { { 1, 1, 1, 1 }, { 1, 1, 1, 1 } };
	const cudnnDataType_t F = CUDNN_DATA_FLOAT, B = CUDNN_DATA_BFLOAT16;
	descriptor scale = tensor(s, UID_SCALE, F, one, BY_VALUE);
	descriptor raw = intermediate(s, F, all), scores = intermediate(s, F, all);
	descriptor max = intermediate(s, F, rows), shifted = intermediate(s, F, all), e = intermediate(s, F, all);
	descriptor sum = intermediate(s, F, rows), log_sum = intermediate(s, F, rows), stats = intermediate(s, F, rows);
	descriptor p = intermediate(s, B, all);

	matmul(s, tensor(s, UID_Q, B, q, IN_MEMORY), tensor(s, UID_K, B, transposed(kv), IN_MEMORY), raw);
	pointwise(s, (struct pointwise){ CUDNN_POINTWISE_MUL, F, 0, raw, scale, NULL, scores });
	if (c->causal)
		scores = causal_select(s, scores, all);
	reduce(s, CUDNN_REDUCE_TENSOR_MAX, scores, max);
	pointwise(s, (struct pointwise){ CUDNN_POINTWISE_SUB, F, 0, scores, max, NULL, shifted });
	pointwise(s, (struct pointwise){ CUDNN_POINTWISE_EXP, F, 0, shifted, NULL, NULL, e });
	reduce(s, CUDNN_REDUCE_TENSOR_ADD, e, sum);
	/* nobody reads the log-sum-exp, but the pattern is only recognised with it */
	pointwise(s, (struct pointwise){ CUDNN_POINTWISE_LOG, F, 0, sum, NULL, NULL, log_sum });
	pointwise(s, (struct pointwise){ CUDNN_POINTWISE_ADD, F, 0, max, log_sum, NULL, stats });
	pointwise(s, (struct pointwise){ CUDNN_POINTWISE_DIV, F, 0, e, sum, NULL, p });
	matmul(s, p, tensor(s, UID_V, B, kv, IN_MEMORY), tensor(s, UID_O, B, q, IN_MEMORY));
}

/* ---- from the graph to a plan ------------------------------------------------ */

/* Engine configurations that the heuristics propose, best first; returns how many. */
static int64_t propose(struct cudnn_sdpa *s, descriptor graph, cudnnBackendHeurMode_t mode, descriptor configs[MAX_CONFIGS])
{
	descriptor heuristics = make(s, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
	int64_t count = 0, got = 0, i;

	set_descriptor(s, heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
	set(s, heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
	/* a mode without an answer is not an error: the next one is asked */
	if (s->status != CUDNN_STATUS_SUCCESS || dnn.finalize(heuristics) != CUDNN_STATUS_SUCCESS ||
	    dnn.get(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, NULL) != CUDNN_STATUS_SUCCESS)
		return 0;
	if (count > MAX_CONFIGS)
		count = MAX_CONFIGS;
	for (i = 0; i < count; i++)
		configs[i] = make(s, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
	if (count && !good(s, dnn.get(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &got, configs), "engine configurations"))
		return 0;
	return got;
}

static bool take_plan(struct cudnn_sdpa *s, descriptor config)
{
	descriptor plan = make(s, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
	int64_t n;

	set(s, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &s->handle);
	set_descriptor(s, plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
	/* a configuration that does not compile is passed over */
	if (s->status != CUDNN_STATUS_SUCCESS || dnn.finalize(plan) != CUDNN_STATUS_SUCCESS)
		return false;
	s->plan = plan;
	return good(s, dnn.get(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &n, &s->workspace), "workspace size");
}

static void choose_plan(struct cudnn_sdpa *s)
{
	static const cudnnBackendHeurMode_t modes[] = { CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK };
	descriptor graph = make(s, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR), configs[MAX_CONFIGS];
	size_t m;

	set(s, graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, s->operation_count, s->operations);
	set(s, graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &s->handle);
	finish(s, graph, "operation graph");
	for (m = 0; m < ARRAY_LEN(modes) && !s->plan; m++) {
		int64_t count = propose(s, graph, modes[m], configs), i;

		for (i = 0; i < count && !s->plan; i++)
			take_plan(s, configs[i]);
	}
	if (!s->plan)
		good(s, CUDNN_STATUS_NOT_SUPPORTED, "no engine");
}

enum avo_status cudnn_sdpa_new(struct cudnn_sdpa **out, const struct task_case *c, CUstream stream, struct error *err)
{
	enum avo_status st = load(err);
	struct cudnn_sdpa *s;

	if (st != AVO_OK)
		return st;
	if (c->causal && c->q_len != c->kv_len)
		return error_set(err, AVO_USAGE, "cuDNN's causal mask is top-left aligned: q_len must equal kv_len");
	s = xcalloc(1, sizeof(*s));
	s->next_uid = UID_FIRST_VIRTUAL;
	s->causal = c->causal;
	s->scale = 1 / sqrtf((float)c->head_dim);
	s->minus_infinity = -INFINITY;
	if (good(s, dnn.create(&s->handle), "handle"))
		good(s, dnn.set_stream(s->handle, (cudaStream_t)stream), "stream");
	describe_attention(s, c);
	choose_plan(s);
	if (s->status != CUDNN_STATUS_SUCCESS) {
		st = build_failed(s, err);
		cudnn_sdpa_free(s);
		return st;
	}
	*out = s;
	return AVO_OK;
}

void cudnn_sdpa_free(struct cudnn_sdpa *s)
{
	if (!s)
		return;
	if (s->pack)
		dnn.destroy_descriptor(s->pack);
	while (s->made_count)
		dnn.destroy_descriptor(s->made[--s->made_count]);
	if (s->handle)
		dnn.destroy(s->handle);
	free(s);
}

int64_t cudnn_sdpa_workspace(const struct cudnn_sdpa *s)
{
	return s->workspace;
}

enum avo_status cudnn_sdpa_bind(struct cudnn_sdpa *s, CUdeviceptr q, CUdeviceptr k, CUdeviceptr v, CUdeviceptr o,
				CUdeviceptr workspace, struct error *err)
{
	int64_t uids[] = { UID_Q, UID_K, UID_V, UID_O, UID_SCALE, UID_MINUS_INFINITY };
	/* device addresses, except for the by-value scalars, which are host addresses */
	void *pointers[] = { (void *)(uintptr_t)q, (void *)(uintptr_t)k, (void *)(uintptr_t)v, (void *)(uintptr_t)o, &s->scale,
			     &s->minus_infinity };
	int64_t count = s->causal ? 6 : 5;
	void *space = (void *)(uintptr_t)workspace;

	if (s->pack)
		dnn.destroy_descriptor(s->pack);
	s->pack = NULL;
	if (!good(s, dnn.create_descriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, &s->pack), "variant pack"))
		return build_failed(s, err);
	set(s, s->pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, uids);
	set(s, s->pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, pointers);
	set(s, s->pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &space);
	finish(s, s->pack, "variant pack");
	return s->status == CUDNN_STATUS_SUCCESS ? AVO_OK : build_failed(s, err);
}

enum avo_status cudnn_sdpa_execute(struct cudnn_sdpa *s, struct error *err)
{
	return good(s, dnn.execute(s->handle, s->plan, s->pack), "execute") ? AVO_OK : build_failed(s, err);
}
