#include "avo.h"
#include "worker/cuda/counters.h"
#include "worker/cuda/metrics.h"
#include "worker/cuda/telemetry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void ids_are_unique_on_every_chip(void **state)
{
	static const char *const chips[] = { "GH100", "GB100" };
	const struct metric *metrics[METRICS_MAX];
	size_t c;
	int i, j;

	for (c = 0; c < ARRAY_LEN(chips); c++) {
		int count = metrics_for_chip(metrics, chips[c]);

		assert_in_range(count, 30, METRICS_MAX);
		for (i = 0; i < count; i++)
			for (j = 0; j < i; j++) {
				assert_string_not_equal(metrics[i]->id, metrics[j]->id);
				assert_string_not_equal(metrics[i]->name, metrics[j]->name);
			}
	}
	assert_int_equal(metrics_for_chip(metrics, "TU102"), 0);
}

/* CUPTI's host library opens a part of itself in a way that sanitizers refuse. */
static void every_metric_exists_in_cupti(void **state)
{
#if defined(__SANITIZE_ADDRESS__)
	print_message("CUPTI's host library cannot be loaded under AddressSanitizer\n");
	skip();
#else
	static const char *const chips[] = { "GH100", "GB100" };
	size_t c;

	for (c = 0; c < ARRAY_LEN(chips); c++) {
		struct error err = { 0 };
		int passes = 0;
		enum avo_status st = counters_resolve(chips[c], &passes, &err);

		if (st != AVO_OK && strstr(err.text, "is not here")) {
			print_message("%s\n", err.text);
			skip();
		}
		if (st != AVO_OK)
			fail_msg("%s: %s", chips[c], err.text);
		print_message("%s: %d passes\n", chips[c], passes);
		assert_in_range(passes, 1, 20);
	}
#endif
}

static void an_unknown_chip_is_named(void **state)
{
#if defined(__SANITIZE_ADDRESS__)
	skip();
#else
	struct error err = { 0 };
	int passes;

	assert_int_not_equal(counters_resolve("TU102", &passes, &err), AVO_OK);
	assert_true(strstr(err.text, "TU102") || strstr(err.text, "is not here"));
#endif
}

static void throttle_reasons_have_names(void **state)
{
	assert_string_equal(telemetry_reason_name(0x4), "power-cap");
	assert_null(telemetry_reason_name(0x8000));
}

static void a_summary_without_samples_has_no_numbers(void **state)
{
	struct telemetry_summary s = { .capped_fraction = 0.0 / 0.0 };
	cJSON *obj = cJSON_CreateObject();

	telemetry_summary_json(obj, &s);
	assert_null(json_get(obj, "sm_mhz"));
	assert_null(json_get(obj, "capped_fraction"));
	assert_int_equal(json_int(obj, "samples", -1), 0);
	cJSON_Delete(obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_unique_on_every_chip),
		cmocka_unit_test(every_metric_exists_in_cupti),
		cmocka_unit_test(an_unknown_chip_is_named),
		cmocka_unit_test(throttle_reasons_have_names),
		cmocka_unit_test(a_summary_without_samples_has_no_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
