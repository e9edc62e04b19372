/* A worker's claims, each made false in one way: the rule that refuses it, in its words. */
#include "avo.h"
#include "score/result_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <math.h>

static const char suite_text[] =
	"[suite]\n\tbackend = cpu\n\tunit = GFLOPS\n"
	"[case \"full\"] q_heads=2 kv_heads=2 length=128 head_dim=64 causal=false dtype=f32\n"
	"[case \"causal\"] q_heads=2 kv_heads=1 length=192 head_dim=64 causal=true dtype=f32\n";

static const char good[] =
	"{\"id\":1,\"event\":\"result\",\"verdict\":\"passed\",\"engine\":\"1\",\"worker\":\"2\",\"unit\":\"GFLOPS\",\"geomean\":10,"
	"\"scores\":[{\"case\":\"full\",\"value\":20,\"std\":0.1,\"n\":10},{\"case\":\"causal\",\"value\":5,\"std\":0,\"n\":10}],"
	"\"decision\":\"improved\",\"ratio\":1.1,\"ratio_ci\":[1.05,1.15],\"confidence\":0.95,\"pairs\":4,"
	"\"pair_ratios\":[1.21,1],\"incumbent_scores\":{\"unit\":\"GFLOPS\",\"geomean\":9,\"scores\":["
	"{\"case\":\"full\",\"value\":9,\"std\":0.1,\"n\":8},{\"case\":\"causal\",\"value\":9,\"std\":0.1,\"n\":8}]}}";

/* The good result with one piece of its text replaced, and what is said to it; NULL: it is believed. */
static const struct {
	const char *from, *to, *why;
} lies[] = {
	{ "\"id\":1", "\"id\":1", NULL },
	{ "\"passed\"", "\"splendid\"", "no verdict" },
	{ "\"engine\":\"1\"", "\"engine\":\"7\"", "is for engine 7; this is 1" },
	{ "\"worker\":\"2\"", "\"worker\":\"7\"", "is for worker 7; this is 2" },
	{ "\"engine\":\"1\",\"worker\":\"2\",", "", NULL },
	{ "\"passed\"", "\"incorrect\"", "is incorrect and has a score" },
	{ "\"unit\":\"GFLOPS\",\"geomean\":10", "\"unit\":\"TFLOPS\",\"geomean\":10", "is in TFLOPS" },
	{ "\"geomean\":10", "\"geomean\":-3", "has a mean of -3" },
	{ "\"geomean\":10", "\"geomean\":11", "has a mean of 11 over cases whose mean is 10" },
	{ "\"geomean\":10", "\"geomean\":null", "has a mean of nan" },
	{ "\"value\":20", "\"value\":0", "a score of 0 in the case full" },
	{ "\"value\":20", "\"value\":-20", "a score of -20" },
	{ "\"value\":20", "\"value\":1e999", "a score of inf" },
	{ "\"value\":20", "\"value\":\"20\"", "a score of nan" },
	{ "\"std\":0.1,\"n\":10", "\"std\":-1,\"n\":10", "a deviation of -1" },
	{ "\"n\":10},{", "\"n\":0},{", "no samples in the case full" },
	{ "{\"case\":\"full\",\"value\":20,\"std\":0.1,\"n\":10},", "", "scores of 1 cases; the suite test has 2" },
	{ "\"scores\":[{\"case\":\"full\",\"value\":20", "\"scores\":[{\"case\":\"causal\",\"value\":20", "has no score of the case full" },
	{ "\"case\":\"full\",\"value\":20", "\"case\":\"fill\",\"value\":20", "has no score of the case full" },
	{ "\"case\":\"full\",\"value\":20", "\"value\":20", "without the name of a case" },
	{ "\"ratio\":1.1,", "\"ratio\":0.5,", "the ratio 0.5 does not lie in its interval" },
	{ "[1.05,1.15]", "[1.15,1.05]", "does not lie in its interval" },
	{ "[1.05,1.15]", "[1.05]", "does not lie in its interval" },
	{ "[1.05,1.15]", "[0.95,1.15]", "said to be improved by an interval of 0.95 to 1.15" },
	{ "\"improved\"", "\"regressed\"", "said to be regressed" },
	{ "\"improved\"", "\"matched\"", "said to be matched" },
	{ "\"improved\"", "\"inconclusive\"", NULL },
	{ "\"decision\":\"improved\",", "", "was not compared with the incumbent" },
	{ "\"confidence\":0.95", "\"confidence\":1.5", "a confidence of 1.5" },
	{ "\"confidence\":0.95", "\"confidence\":0.8", "0.95 was asked for" },
	{ "\"pairs\":4", "\"pairs\":0", "rests on 0 pairs" },
	{ "[1.21,1]", "[1.5,1]", "is not that of its pairs" },
	{ "[1.21,1]", "[1.21,-1]", "is not that of its pairs" },
	{ "\"geomean\":9", "\"geomean\":8", "the incumbent has a mean of 8" },
};

static const char peers[] =
	"{\"device\":\"d\",\"peak\":100,\"peers\":[{\"name\":\"blas\",\"unit\":\"GFLOPS\",\"geomean\":10,\"ratio\":1.1,\"ratio_ci\":[1,1.2],"
	"\"scores\":[{\"case\":\"full\",\"value\":20,\"std\":0.1,\"n\":5},{\"case\":\"causal\",\"value\":5,\"std\":0,\"n\":5}]},"
	"{\"name\":\"other\",\"absent\":\"it is not installed\"}]}";

static const struct {
	const char *from, *to, *why;
} peer_lies[] = {
	{ "\"peak\":100", "\"peak\":100", NULL },
	{ "\"peak\":100", "\"peak\":null", NULL },
	{ "\"peak\":100", "\"peak\":-1", "the device's peak is -1" },
	{ "\"device\":\"d\",", "", "names no device" },
	{ "\"value\":20", "\"value\":0", "the baseline blas has a score of 0" },
	{ "\"name\":\"blas\",", "", "has no name" },
	{ "[1,1.2]", "[1.15,1.2]", "does not lie in its interval" },
	{ "\"device\":\"d\",", "\"verdict\":\"crashed\",", NULL },
};

static cJSON *changed(const char *text, const char *from, const char *to)
{
	const char *hit = strstr(text, from);
	struct buf b = BUF_INIT;
	cJSON *value = NULL;

	assert_non_null(hit);
	buf_add(&b, text, (size_t)(hit - text));
	buf_addstr(&b, to);
	buf_addstr(&b, hit + strlen(from));
	assert_int_equal(json_parse(&value, b.data, b.len, NULL), AVO_OK);
	buf_release(&b);
	return value;
}

static void must_say(const char *text, const char *from, const char *to, const char *wanted, const struct result_terms *terms)
{
	cJSON *result = changed(text, from, to);
	char why[RESULT_WHY_SIZE] = "";
	bool held = result_check(why, result, terms);

	if (held != !wanted || (wanted && !strstr(why, wanted)))
		fail_msg("%s -> %s: %s, wanted: %s", from, to, held ? "believed" : why, wanted ? wanted : "believed");
	cJSON_Delete(result);
}

static cJSON *object(const char *text)
{
	cJSON *value = NULL;

	assert_int_equal(json_parse(&value, text, strlen(text), NULL), AVO_OK);
	return value;
}

static void a_claim_that_contradicts_itself_is_not_believed(void **state)
{
	struct suite suite;
	cJSON *request = object("{\"op\":\"evaluate\",\"suite\":\"test\",\"incumbent\":\"/i\",\"confidence\":0.95,\"engine\":\"1\"}");
	cJSON *hello = object("{\"hello\":1,\"worker\":\"2\"}");
	struct result_terms terms = { request, hello, &suite };
	struct error err = { 0 };
	size_t i;

	if (suite_parse(&suite, "test", suite_text, sizeof(suite_text) - 1, &err) != AVO_OK)
		fail_msg("%s", err.text);
	for (i = 0; i < ARRAY_LEN(lies); i++)
		must_say(good, lies[i].from, lies[i].to, lies[i].why, &terms);
	/* a comparison that nobody asked for */
	cJSON_DeleteItemFromObjectCaseSensitive(request, "incumbent");
	must_say(good, "\"id\":1", "\"id\":1", "compared with nothing that the job names", &terms);
	cJSON_Delete(request);
	cJSON_Delete(hello);
}

static void matched_is_what_lies_within_the_jobs_tolerance(void **state)
{
	static const char matched[] = "\"matched\",\"ratio\":1.1,\"ratio_ci\":[0.999,1.003]";
	cJSON *request = object("{\"op\":\"evaluate\",\"incumbent\":\"/i\",\"match_tolerance\":0.002}");
	struct result_terms terms = { .request = request };
	cJSON *result = changed(good, "\"improved\",\"ratio\":1.1,\"ratio_ci\":[1.05,1.15]", matched);
	char why[RESULT_WHY_SIZE];

	json_set_num(result, "ratio", 1.001);
	cJSON_DeleteItemFromObjectCaseSensitive(result, "pair_ratios");
	assert_false(result_check(why, result, &terms));
	assert_non_null(strstr(why, "said to be matched"));
	json_set_num(request, "match_tolerance", 0.005);
	assert_true(result_check(why, result, &terms));
	cJSON_Delete(result);
	cJSON_Delete(request);
}

static void baselines_are_held_to_the_same(void **state)
{
	struct suite suite;
	cJSON *request = object("{\"op\":\"peers\",\"suite\":\"test\"}");
	struct result_terms terms = { .request = request, .suite = &suite };
	size_t i;

	assert_int_equal(suite_parse(&suite, "test", suite_text, sizeof(suite_text) - 1, NULL), AVO_OK);
	for (i = 0; i < ARRAY_LEN(peer_lies); i++)
		must_say(peers, peer_lies[i].from, peer_lies[i].to, peer_lies[i].why, &terms);
	cJSON_Delete(request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claim_that_contradicts_itself_is_not_believed),
		cmocka_unit_test(matched_is_what_lies_within_the_jobs_tolerance),
		cmocka_unit_test(baselines_are_held_to_the_same),
	};

	return cmocka_run_group_tests_name("result_check", tests, NULL, NULL);
}
