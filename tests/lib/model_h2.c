#include "avo.h"
#include "tests/lib/model_h2.h"

#include <ctype.h>

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8 };

#define FRAME_HEAD 9
#define FRAME_MAX 16384

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static void add_be(struct buf *out, uint32_t n, int bytes)
{
	while (bytes-- > 0)
		buf_addch(out, (char)(n >> 8 * bytes & 0xff));
}

static uint32_t read_be(const char *at, int bytes)
{
	uint32_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | (unsigned char)*at++;
	return n;
}

static void frame(struct buf *out, int type, int flags, uint32_t stream, const char *data, size_t len)
{
	add_be(out, (uint32_t)len, 3);
	add_be(out, (uint32_t)type, 1);
	add_be(out, (uint32_t)flags, 1);
	add_be(out, stream, 4);
	buf_add(out, data, len);
}

/* Room for as much again, on the stream and on the connection. */
static void give_room(struct buf *out, uint32_t stream, size_t len)
{
	struct buf n = BUF_INIT;

	if (!len)
		return;
	add_be(&n, (uint32_t)len, 4);
	frame(out, WINDOW_UPDATE, 0, stream, n.data, n.len);
	frame(out, WINDOW_UPDATE, 0, 0, n.data, n.len);
	buf_release(&n);
}

/* True: the request ends with this frame. */
static bool take_frame(struct model_h2 *h, int type, int flags, uint32_t stream, const char *data, size_t len, struct buf *body, struct buf *out)
{
	switch (type) {
	case SETTINGS:
		if (!(flags & ACK))
			frame(out, SETTINGS, ACK, 0, NULL, 0);
		return false;
	case PING:
		if (!(flags & ACK))
			frame(out, PING, ACK, 0, data, len);
		return false;
	case HEADERS:
		h->stream = stream;
		return flags & END_STREAM;
	case DATA:
		give_room(out, stream, len);
		if (flags & PADDED)
			abort();	/* no client of ours pads */
		buf_add(body, data, len);
		return flags & END_STREAM;
	default:
		return false;
	}
}

bool model_h2_feed(struct model_h2 *h, struct buf *in, struct buf *body, struct buf *out)
{
	bool complete = false;

	if (!h->greeted) {
		if (in->len < sizeof(preface) - 1)
			return false;
		if (memcmp(in->data, preface, sizeof(preface) - 1) != 0)
			abort();
		buf_consume(in, sizeof(preface) - 1);
		frame(out, SETTINGS, 0, 0, NULL, 0);
		h->greeted = true;
	}
	while (!complete && in->len >= FRAME_HEAD) {
		size_t len = read_be(in->data, 3);

		if (in->len < FRAME_HEAD + len)
			break;
		complete = take_frame(h, in->data[3], in->data[4], read_be(in->data + 5, 4) & 0x7fffffff, in->data + FRAME_HEAD, len, body, out);
		buf_consume(in, FRAME_HEAD + len);
	}
	return complete;
}

/* --- answers (HPACK without any table of its own and without Huffman's code) ------------ */

static void add_string(struct buf *out, const char *text, size_t len, bool lower)
{
	size_t i;

	if (len > 126)
		abort();
	buf_addch(out, (char)len);
	for (i = 0; i < len; i++)
		buf_addch(out, lower ? (char)tolower((unsigned char)text[i]) : text[i]);
}

void model_h2_head(struct model_h2 *h, struct buf *out, int status, const char *type, const char *headers)
{
	struct buf block = BUF_INIT;
	char code[16];

	buf_addch(&block, 0x08);	/* literal, name 8 of the static table: :status */
	add_string(&block, code, (size_t)snprintf(code, sizeof(code), "%d", status), false);
	buf_add(&block, "\x0f\x10", 2);	/* name 31: content-type */
	add_string(&block, type, strlen(type), false);
	while (*headers) {
		size_t name = strcspn(headers, ":"), value = strcspn(headers + name + 2, "\r");

		buf_addch(&block, 0);
		add_string(&block, headers, name, true);
		add_string(&block, headers + name + 2, value, false);
		headers += name + 2 + value + 2;
	}
	frame(out, HEADERS, END_HEADERS, h->stream, block.data, block.len);
	buf_release(&block);
}

void model_h2_data(struct model_h2 *h, struct buf *out, const char *data, size_t len)
{
	while (len > 0) {
		size_t n = len < FRAME_MAX ? len : FRAME_MAX;

		frame(out, DATA, 0, h->stream, data, n);
		data += n;
		len -= n;
	}
}

void model_h2_end(struct model_h2 *h, struct buf *out)
{
	frame(out, DATA, END_STREAM, h->stream, NULL, 0);
}

void model_h2_reset(struct model_h2 *h, struct buf *out)
{
	frame(out, RST_STREAM, 0, h->stream, "\0\0\0\x02", 4);	/* INTERNAL_ERROR */
}

void model_h2_go_away(struct model_h2 *h, struct buf *out)
{
	frame(out, GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
}
