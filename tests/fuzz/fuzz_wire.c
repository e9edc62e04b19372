/* Both wires' decoders: any bytes, cut anywhere, give the same answer or the same failure, and what they give can be sent again. */
#include "avo.h"
#include "base/json.h"
#include "llm/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *decode(const struct wire *wire, const char *bytes, size_t len, size_t step)
{
	struct decoder d;
	struct llm_reply r;
	struct buf out = BUF_INIT;
	enum avo_status st = AVO_OK;
	size_t at;

	decoder_init(&d, wire, NULL);
	for (at = 0; at < len && st == AVO_OK; at += step)
		st = decoder_feed(&d, bytes + at, at + step < len ? step : len - at, NULL);
	if (st == AVO_OK)
		st = decoder_finish(&r, &d, NULL);
	else
		memset(&r, 0, sizeof(r));
	buf_printf(&out, "%d %d ", (int)st, (int)r.stop);
	if (st == AVO_OK) {
		struct llm_config config = { .wire = wire, .model = (char *)"m", .base_url = (char *)"http://localhost", .max_output = 10, .cache = true };
		struct conversation c = { 0 };
		struct llm_request request = { .config = &config, .conversation = &c };
		cJSON *json = message_to_json(&r.message), *body;
		struct buf sent = BUF_INIT;
		struct message back;

		json_print(&out, json);
		if (message_from_json(&back, json, NULL) != AVO_OK)
			abort();
		conversation_add(&c, &back);
		conversation_repair(&c, "cut");
		if (conversation_repair(&c, "cut") != 0)
			abort();
		wire_messages.encode(&sent, &request, true);
		buf_clear(&sent);
		wire_chat.encode(&sent, &request, false);
		if (json_parse(&body, sent.data, sent.len, NULL) != AVO_OK)
			abort();
		cJSON_Delete(body);
		cJSON_Delete(json);
		buf_release(&sent);
		conversation_release(&c);
	}
	llm_reply_release(&r);
	decoder_release(&d);
	return buf_detach(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct wire *wire;
	const char *bytes = (const char *)data + 2;
	struct llm_fault fault;
	struct decoder d;
	struct llm_reply r;
	char *whole, *pieces;

	if (size < 3)
		return 0;
	size -= 2;
	wire = data[0] & 1 ? &wire_chat : &wire_messages;
	whole = decode(wire, bytes, size, size);
	pieces = decode(wire, bytes, size, 1 + data[1] % 16);
	if (strcmp(whole, pieces) != 0)
		abort();
	free(whole);
	free(pieces);
	wire_read_fault(&fault, 400, bytes, size);
	if (!fault.text[0])
		abort();
	decoder_init(&d, wire, NULL);
	if (decoder_whole(&d, bytes, size, NULL) == AVO_OK && decoder_finish(&r, &d, NULL) == AVO_OK)
		llm_reply_release(&r);
	decoder_release(&d);
	return 0;
}
