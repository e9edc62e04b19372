#include "avo.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <math.h>

#define JSON_MAX_BYTES ((size_t)64 << 20)

static bool hex4(unsigned *out, const char *s, const char *end)
{
	int i;

	*out = 0;
	if (end - s < 4)
		return false;
	for (i = 0; i < 4; i++) {
		int c = tolower((unsigned char)s[i]);

		if (!isxdigit(c))
			return false;
		*out = *out << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return true;
}

/* Copies one \uXXXX escape (or a surrogate pair), replacing what cJSON cannot hold. Returns the bytes read. */
static size_t copy_unicode_escape(struct buf *out, const char *s, const char *end)
{
	unsigned high, low;

	if (!hex4(&high, s + 2, end)) {
		buf_add(out, s, 2);
		return 2;
	}
	if (high >= 0xd800 && high < 0xdc00 && end - s >= 12 && s[6] == '\\' && s[7] == 'u' &&
	    hex4(&low, s + 8, end) && low >= 0xdc00 && low < 0xe000) {
		buf_add(out, s, 12);
		return 12;
	}
	if (high == 0 || (high >= 0xd800 && high < 0xe000))
		buf_addstr(out, "\\ufffd");
	else
		buf_add(out, s, 6);
	return 6;
}

/* The length of the part in front of the first byte that is not UTF-8; len when all of it is. */
static size_t utf8_prefix(const char *text, size_t len)
{
	size_t i = 0, n;
	uint32_t code;

	while (i < len) {
		n = (unsigned char)text[i] < 0x80 ? 1 : str_utf8_decode(&code, text + i, len - i);
		if (!n)
			break;
		i += n;
	}
	return i;
}

/* Appends text with U+FFFD for every byte that is not UTF-8. */
static void repair_utf8(struct buf *out, const char *text, size_t len)
{
	while (len) {
		size_t n = utf8_prefix(text, len);

		buf_add(out, text, n);
		text += n;
		len -= n;
		if (!len)
			break;
		buf_addstr(out, "\xef\xbf\xbd");
		text++;
		len--;
	}
}

static bool needs_repair(const char *text, size_t len)
{
	return memmem(text, len, "\\u0000", 6) || memmem(text, len, "\\ud", 3) || memmem(text, len, "\\uD", 3);
}

static void repair_escapes(struct buf *out, const char *text, size_t len)
{
	const char *s = text, *end = text + len;

	while (s < end) {
		const char *slash = memchr(s, '\\', (size_t)(end - s));

		if (!slash || slash + 1 >= end) {
			buf_add(out, s, (size_t)(end - s));
			return;
		}
		buf_add(out, s, (size_t)(slash - s));
		s = slash;
		if (s[1] == 'u') {
			s += copy_unicode_escape(out, s, end);
		} else {
			buf_add(out, s, 2);
			s += 2;
		}
	}
}

enum avo_status json_parse(cJSON **out, const char *text, size_t len, struct error *err)
{
	struct buf repaired = BUF_INIT, clean = BUF_INIT;
	const char *end = NULL, *stop;
	enum avo_status st = AVO_OK;

	*out = NULL;
	if (len > JSON_MAX_BYTES)
		return error_set(err, AVO_CORRUPT, "JSON text of %zu bytes is over the limit of %zu", len, JSON_MAX_BYTES);
	if (utf8_prefix(text, len) < len) {
		repair_utf8(&clean, text, len);
		text = clean.data;
		len = clean.len;
	}
	if (needs_repair(text, len)) {
		repair_escapes(&repaired, text, len);
		text = repaired.data;
		len = repaired.len;
	}
	stop = text + len;
	*out = cJSON_ParseWithLengthOpts(text, len, &end, false);
	while (*out && end < stop && isspace((unsigned char)*end))
		end++;
	if (!*out) {
		st = error_set(err, AVO_CORRUPT, "not JSON, at byte %zu of %zu", end ? (size_t)(end - text) : 0, len);
	} else if (end != stop) {
		st = error_set(err, AVO_CORRUPT, "text behind the JSON value, at byte %zu", (size_t)(end - text));
		cJSON_Delete(*out);
		*out = NULL;
	}
	buf_release(&repaired);
	buf_release(&clean);
	return st;
}

const cJSON *json_get(const cJSON *obj, const char *key)
{
	return obj ? cJSON_GetObjectItemCaseSensitive(obj, key) : NULL;
}

const cJSON *json_arr(const cJSON *obj, const char *key)
{
	const cJSON *item = json_get(obj, key);

	return cJSON_IsArray(item) ? item : NULL;
}

const cJSON *json_obj(const cJSON *obj, const char *key)
{
	const cJSON *item = json_get(obj, key);

	return cJSON_IsObject(item) ? item : NULL;
}

const char *json_str(const cJSON *obj, const char *key, const char *fallback)
{
	const cJSON *item = json_get(obj, key);

	return cJSON_IsString(item) ? item->valuestring : fallback;
}

double json_num(const cJSON *obj, const char *key, double fallback)
{
	const cJSON *item = json_get(obj, key);

	return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

int64_t json_int(const cJSON *obj, const char *key, int64_t fallback)
{
	const cJSON *item = json_get(obj, key);

	if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) < 9007199254740992.0))
		return fallback;
	return (int64_t)item->valuedouble;
}

bool json_bool(const cJSON *obj, const char *key, bool fallback)
{
	const cJSON *item = json_get(obj, key);

	return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

void json_set(cJSON *obj, const char *key, cJSON *value)
{
	if (cJSON_GetObjectItemCaseSensitive(obj, key))
		cJSON_ReplaceItemInObjectCaseSensitive(obj, key, value);
	else
		cJSON_AddItemToObject(obj, key, value);
}

static cJSON *clean_string(const char *value)
{
	size_t len = strlen(value);
	struct buf b = BUF_INIT;
	cJSON *item;

	if (utf8_prefix(value, len) == len)
		return cJSON_CreateString(value);
	repair_utf8(&b, value, len);
	item = cJSON_CreateString(buf_cstr(&b));
	buf_release(&b);
	return item;
}

void json_set_str(cJSON *obj, const char *key, const char *value)
{
	if (value)
		json_set(obj, key, clean_string(value));
}

void json_set_num(cJSON *obj, const char *key, double value)
{
	json_set(obj, key, isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void json_set_int(cJSON *obj, const char *key, int64_t value)
{
	json_set(obj, key, cJSON_CreateNumber((double)value));
}

void json_set_bool(cJSON *obj, const char *key, bool value)
{
	json_set(obj, key, cJSON_CreateBool(value));
}

void json_push(cJSON *array, cJSON *value)
{
	cJSON_AddItemToArray(array, value);
}

char *json_print_new(const cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);
	char *copy = xstrdup(text ? text : "null");

	cJSON_free(text);
	return copy;
}

void json_print(struct buf *out, const cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);

	buf_addstr(out, text ? text : "null");
	cJSON_free(text);
}
