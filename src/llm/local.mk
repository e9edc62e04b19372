# src/llm: HTTP and server-sent events, the wires, what to do about failures
libavo_a_SOURCES += \
	src/llm/chat.c src/llm/chat.h src/llm/chat_encode.c \
	src/llm/classify.c src/llm/classify.h \
	src/llm/client.c src/llm/client.h \
	src/llm/config.c \
	src/llm/http.c src/llm/http.h \
	src/llm/http_end.c src/llm/http_end.h \
	src/llm/http_url.c src/llm/http_url.h \
	src/llm/key.c src/llm/key.h \
	src/llm/llm.h \
	src/llm/message.c src/llm/message.h src/llm/message_json.c \
	src/llm/messages.c src/llm/messages.h src/llm/messages_encode.c \
	src/llm/pricing.c src/llm/pricing.h \
	src/llm/repair.c \
	src/llm/reply.c \
	src/llm/sse.c src/llm/sse.h \
	src/llm/wire.c src/llm/wire.h
