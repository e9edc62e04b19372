/*
 * tell RUN FILE: says every line of a file, a command of the control protocol each, to the run's engine and prints the answers.
 * What a viewer of somebody else's could say, which avo itself never does.
 */
#include "avo.h"
#include "base/path.h"
#include "base/str.h"
#include "control/client.h"

static int tell(struct control_client *client, const char *line, size_t len)
{
	cJSON *command, *answer = NULL;
	struct error err;
	char *text;

	if (json_parse(&command, line, len, &err) != AVO_OK || control_call(client, command, &answer, 30000, &err) != AVO_OK) {
		fprintf(stderr, "tell: %s\n", err.text);
		return 1;
	}
	text = json_print_new(answer);
	puts(text);
	free(text);
	cJSON_Delete(answer);
	return 0;
}

int main(int argc, char **argv)
{
	struct control_client *client;
	struct buf text = BUF_INIT;
	const char *at, *line;
	struct error err;
	int status = 0;
	size_t len;

	if (argc != 3)
		return 2;
	if (path_read(&text, argv[2], (size_t)64 << 20, &err) != AVO_OK || control_connect(&client, argv[1], false, &err) != AVO_OK) {
		fprintf(stderr, "tell: %s\n", err.text);
		return 3;
	}
	at = text.data;
	while (status == 0 && str_next_line(&at, text.data + text.len, &line, &len))
		status = tell(client, line, len);
	control_close(client);
	buf_release(&text);
	return status;
}
