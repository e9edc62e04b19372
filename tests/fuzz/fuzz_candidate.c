/*
 * A candidate's source: annotated parameters, and names. Promise: written back with its own values a file is the
 * same, with others it has the same skeleton; a path that is let in stays inside.
 */
#include "avo.h"
#include "base/buf.h"
#include "base/mem.h"
#include "candidate/parameter.h"
#include "candidate/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define require(condition) do { if (!(condition)) abort(); } while (0)

static void check_path(const char *path)
{
	if (candidate_check_path(path, NULL) != AVO_OK)
		return;
	require(path[0] && path[0] != '/' && path[0] != '.' && !strstr(path, "/.") && !strstr(path, "//"));
	require(strncmp(path, "avo.conf", 9) != 0 && !strchr(path, '\n') && !strchr(path, '\033'));
}

static void check_parameters(const struct source_file *file)
{
	struct parameter_set set = { 0 }, again = { 0 };
	struct buf same = BUF_INIT;
	struct source_file copy = *file;
	int values[PARAMETER_MAX], i;

	if (parameter_set_read(&set, file, 1, NULL) != AVO_OK)
		return;
	for (i = 0; i < set.count; i++) {
		require(set.list[i].count >= 1 && set.list[i].count <= PARAMETER_MAX_VALUES && set.list[i].current < set.list[i].count);
		values[i] = set.list[i].current;
	}
	parameter_set_write(&same, file, &set, values);
	require(same.len == file->len && memcmp(same.data ? same.data : "", file->data, file->len) == 0);
	for (i = 0; i < set.count; i++)
		values[i] = 0;
	buf_clear(&same);
	parameter_set_write(&same, file, &set, values);
	copy.data = same.data ? same.data : file->data;
	copy.len = same.len;
	require(parameter_set_read(&again, &copy, 1, NULL) == AVO_OK && again.skeleton == set.skeleton);
	parameter_set_release(&set);
	parameter_set_release(&again);
	buf_release(&same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);
	struct source_file file = { .path = "kernel.c", .data = text, .len = size };

	memcpy(text, data, size);
	text[size] = '\0';
	check_path(text);
	if (candidate_check_text("kernel.c", text, size, NULL) == AVO_OK)
		check_parameters(&file);
	free(text);
	return 0;
}
