# src/engine
libavo_a_SOURCES += src/engine/engine.h \
	src/engine/find.c \
	src/engine/settings.c src/engine/settings.h \
	src/engine/create.c
