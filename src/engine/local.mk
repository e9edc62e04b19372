# src/engine
libavo_a_SOURCES += src/engine/engine.h \
	src/engine/find.c
