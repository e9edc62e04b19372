#include "avo.h"

static enum avo_status set_text(struct error *err, enum avo_status status, const char *fmt, va_list ap)
{
	if (err) {
		err->status = status;
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
	}
	return status;
}

enum avo_status error_set(struct error *err, enum avo_status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(err, status, fmt, ap);
	va_end(ap);
	return status;
}

enum avo_status error_errno(struct error *err, int errno_value, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	set_text(err, AVO_ENVIRONMENT, fmt, ap);
	va_end(ap);
	if (err) {
		len = strlen(err->text);
		snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(errno_value));
	}
	return AVO_ENVIRONMENT;
}

enum avo_status error_prefix(struct error *err, enum avo_status status, const char *fmt, ...)
{
	struct error old;
	va_list ap;
	size_t len;

	if (!err)
		return status;
	old = *err;
	va_start(ap, fmt);
	set_text(err, status, fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", old.text);
	return status;
}

int error_exit_status(enum avo_status status)
{
	switch (status) {
	case AVO_OK:
		return 0;
	case AVO_USAGE:
		return 2;
	case AVO_NEGATIVE:
	case AVO_CANCELLED:
	case AVO_TIMEOUT:
	case AVO_CONFLICT:
		return 1;
	default:
		return 3;
	}
}
