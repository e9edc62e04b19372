/* journal_check FILE...: every event in these segments of a journal is one of the table. Says which is not, and fails. */
#include "avo.h"
#include "base/json.h"
#include "journal/schema.h"

static bool check_line(const char *file, const char *line, size_t len)
{
	struct error err = { 0 };
	cJSON *event = NULL;
	bool good = json_parse(&event, line, len, &err) == AVO_OK && journal_check_event(event, &err) == AVO_OK;

	if (!good)
		printf("%s: %s\n", file, err.text);
	cJSON_Delete(event);
	return good;
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0, lines = 0;
	bool good = true;
	int i;

	for (i = 1; i < argc; i++) {
		FILE *in = fopen(argv[i], "r");
		ssize_t len;

		if (!in) {
			perror(argv[i]);
			return 2;
		}
		for (; (len = getline(&line, &cap, in)) > 0; lines++)
			good = check_line(argv[i], line, (size_t)len) && good;
		fclose(in);
	}
	free(line);
	return good && lines ? 0 : 1;
}
