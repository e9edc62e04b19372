/* A compiler that meets its limits says which, and not that the candidate has an error without a name. */
#include "avo.h"
#include "base/log.h"
#include "base/path.h"
#include "worker_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct client client;

static void fails_with(const char *name, const char *source, const char *words)
{
	char *dir = client_candidate(&client, name, source);
	cJSON *result = client_evaluate(&client, dir, NULL, NULL);

	assert_string_equal(json_str(result, "verdict", "none"), "build-failed");
	if (!strstr(json_str(result, "reason", ""), words))
		fail_msg("%s: \"%s\" does not say \"%s\"", name, json_str(result, "reason", ""), words);
	assert_string_equal(json_str(result, "caught_by", ""), "build@build");
	cJSON_Delete(result);
	free(dir);
}

#define ENTRY "#include <avo/attention.h>\nint avo_attention(const struct avo_attention *a) { return a->batch < 0; }\n"

static void memory_is_named(void **state)
{
	fails_with("memory", "__asm__(\".rept 400000000\\n.quad 1\\n.endr\");\n" ENTRY, "ran into its limit of memory (4 GiB)");
}

static void an_object_that_is_too_large_is_the_candidates(void **state)
{
	fails_with("large", "char room[100 << 20] = { 1 };\n" ENTRY, "at most 64 MiB");
}

static void an_error_is_quoted(void **state)
{
	fails_with("error", "int avo_attention(int a) { return b; }\n", "undeclared");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_named),
		cmocka_unit_test(an_object_that_is_too_large_is_the_candidates),
		cmocka_unit_test(an_error_is_quoted),
	};
	int failed;

	log_set_fd(-1);
	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	client_open(&client);
	failed = cmocka_run_group_tests_name("compiler", tests, NULL, NULL);
	client_close(&client);
	return failed;
}
