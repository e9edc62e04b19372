#include "avo.h"
#include "ui/request.h"

/* Groups and requests in list order; a group is an entry without a request. */
static const struct entry {
	enum request id;
	struct request_info info;
} entries[] = {
#define GROUP_ENTRY(title) { REQ_NONE, { .group = title } },
#define X(rid, rname, rflags, rfooter, rhelp) { REQ_##rid, { .name = rname, .footer = rfooter, .help = rhelp, .flags = rflags } },
	REQUESTS(GROUP_ENTRY, X)
#undef X
};

static struct request_info table[REQ_COUNT];

static void fill(void)
{
	const char *group = NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(entries); i++) {
		if (entries[i].id == REQ_NONE) {
			group = entries[i].info.group;
			continue;
		}
		table[entries[i].id] = entries[i].info;
		table[entries[i].id].group = group;
		group = NULL;
	}
	table[REQ_NONE].name = "none";
}

const struct request_info *request_info(enum request r)
{
	if (!table[REQ_NONE].name)
		fill();
	return &table[r];
}

enum request request_parse(const char *name)
{
	int i;

	for (i = 1; i < REQ_COUNT; i++)
		if (strcmp(request_info((enum request)i)->name, name) == 0)
			return (enum request)i;
	return REQ_NONE;
}
