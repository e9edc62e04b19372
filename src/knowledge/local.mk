# src/knowledge: documents, cut into sections, searched with FTS5
libavo_a_SOURCES += \
	src/knowledge/html.c \
	src/knowledge/import.c \
	src/knowledge/knowledge.h \
	src/knowledge/search.c \
	src/knowledge/split.c src/knowledge/split.h \
	src/knowledge/store.c src/knowledge/store.h
