#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <unistd.h>

static int log_fd = 2;
static enum log_level log_level = LOG_LEVEL_INFO;
static bool level_known;
static char **secrets;
static size_t secret_count, secret_cap;

void log_set_fd(int fd)
{
	log_fd = fd;
}

void log_set_level(enum log_level level)
{
	log_level = level;
	level_known = true;
}

void log_redact(const char *secret)
{
	if (!secret || strlen(secret) < 8)
		return;
	secrets = xgrow(secrets, &secret_cap, secret_count + 1, sizeof(*secrets));
	secrets[secret_count++] = xstrdup(secret);
}

static void scrub_one(struct buf *b, const char *secret)
{
	static const char mark[] = "[redacted]";
	size_t len = strlen(secret);
	struct buf clean = { .max = b->max };
	const char *at = buf_cstr(b), *end = at + b->len, *hit;

	if (!memmem(at, b->len, secret, len))
		return;
	while ((hit = memmem(at, (size_t)(end - at), secret, len))) {
		buf_add(&clean, at, (size_t)(hit - at));
		buf_add(&clean, mark, sizeof(mark) - 1);
		at = hit + len;
	}
	buf_add(&clean, at, (size_t)(end - at));
	free(b->data);
	*b = clean;
}

void log_scrub(struct buf *b)
{
	size_t i;

	for (i = 0; i < secret_count; i++)
		scrub_one(b, secrets[i]);
}

static void level_from_environment(void)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	const char *want = getenv("AVO_LOG");
	size_t i;

	level_known = true;
	for (i = 0; want && i < ARRAY_LEN(names); i++)
		if (strcmp(want, names[i]) == 0)
			log_level = (enum log_level)i;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	char stamp[CLOCK_STAMP_SIZE];
	struct buf text = BUF_INIT, line = BUF_INIT;
	ssize_t ignored;
	va_list ap;

	if (!level_known)
		level_from_environment();
	if (log_fd < 0 || level > log_level)
		return;
	buf_printf(&line, "%s %s ", clock_format(stamp, clock_wall_ms()), names[level]);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	log_scrub(&text);
	str_escape(&line, buf_cstr(&text), text.len);
	buf_addch(&line, '\n');
	ignored = write(log_fd, line.data, line.len);
	(void)ignored;
	buf_release(&line);
	buf_release(&text);
}
