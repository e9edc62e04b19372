# tests/screens
check_PROGRAMS += tests/lib/wb
tests_lib_wb_SOURCES = tests/lib/wb.c
tests_lib_wb_LDADD = libavoui.a $(LIBAVO) $(LIBAVO_LIBS) $(NCURSES_LIBS)
