# src/base: what every room may use. libavobase.a links into the worker; conf.c
# needs libgit2 and belongs to the engine's side only.
noinst_LIBRARIES += libavobase.a libavo.a
AM_CPPFLAGS += -DAVO_SRCDIR='"$(abs_top_srcdir)"'
libavobase_a_SOURCES = src/avo.h \
	src/base/beneath.c src/base/beneath.h \
	src/base/buf.c src/base/buf.h \
	src/base/child.c src/base/child.h \
	src/base/clock.c src/base/clock.h \
	src/base/error.c src/base/error.h \
	src/base/glyph.c src/base/glyph.h \
	src/base/json.c src/base/json.h \
	src/base/log.c src/base/log.h \
	src/base/loop.c src/base/loop.h \
	src/base/mem.c src/base/mem.h \
	src/base/path.c src/base/path.h \
	src/base/proctree.c src/base/proctree.h \
	src/base/save.c src/base/save.h \
	src/base/sha256.c src/base/sha256.h \
	src/base/str.c src/base/str.h
libavo_a_SOURCES = src/base/conf.c src/base/conf.h \
	src/base/owner.c src/base/owner.h \
	src/base/rng.c src/base/rng.h
LIBAVO = libavo.a libavoeval.a libavobase.a
LIBAVO_LIBS = $(CURL_LIBS) $(GIT2_LIBS) $(SQLITE_LIBS) $(CJSON_LIBS) $(SECCOMP_LIBS) -lm -ldl -lpthread
