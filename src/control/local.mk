# src/control: the socket protocol between an engine and its viewers
libavo_a_SOURCES += src/control/wire.c src/control/wire.h \
	src/control/server.c src/control/server.h \
	src/control/client.c src/control/client.h
