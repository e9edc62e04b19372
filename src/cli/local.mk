# src/cli and the program itself
bin_PROGRAMS += avo
avo_SOURCES = src/avo.c
avo_LDADD = libavocli.a libavoui.a $(LIBAVO) $(LIBAVO_LIBS) $(NCURSES_LIBS)
noinst_LIBRARIES += libavocli.a
libavocli_a_SOURCES = src/cli/cli.c src/cli/cli.h \
	src/cli/commands.h \
	src/cli/help.c \
	src/cli/table.c
