# tests/screens: the workbench driven by scripts, its screens compared with golden files.
check_PROGRAMS += tests/lib/wb
tests_lib_wb_SOURCES = tests/lib/wb.c
tests_lib_wb_LDADD = libavoui.a $(LIBAVO) $(LIBAVO_LIBS) $(NCURSES_LIBS)
TESTS += tests/screens/run.sh
EXTRA_DIST += doc/screen.svg tests/lib/ansi2svg.awk
EXTRA_DIST += tests/screens/run.sh tests/screens/cases tests/screens/golden
tests/screens/run.log: tests/lib/wb$(EXEEXT) tests/lib/mkrun$(EXEEXT)
TESTS += tests/screens/terminal.sh
EXTRA_DIST += tests/screens/terminal.sh
if HAVE_VTERM
VTDRIVE = tests/lib/vtdrive$(EXEEXT)
check_PROGRAMS += tests/lib/vtdrive
tests_lib_vtdrive_SOURCES = tests/lib/vtdrive.c
tests_lib_vtdrive_LDADD = $(VTERM_LIBS) -lutil
tests/screens/terminal.log: tests/lib/wb$(EXEEXT) tests/lib/mkrun$(EXEEXT) tests/lib/vtdrive$(EXEEXT)
endif
TESTS += tests/screens/stall.sh
EXTRA_DIST += tests/screens/stall.sh
tests/screens/stall.log: avo$(EXEEXT) tests/lib/fake_worker$(EXEEXT) $(VTDRIVE)
check_PROGRAMS += tests/lib/fakengine
tests_lib_fakengine_SOURCES = tests/lib/fakengine.c
tests_lib_fakengine_LDADD = $(LIBAVO) $(LIBAVO_LIBS)
TESTS += tests/screens/commands.sh
EXTRA_DIST += tests/screens/commands.sh
tests/screens/commands.log: tests/lib/wb$(EXEEXT) tests/lib/mkrun$(EXEEXT) tests/lib/fakengine$(EXEEXT)
TESTS += tests/screens/monkey.sh
EXTRA_DIST += tests/screens/monkey.sh
tests/screens/monkey.log: tests/lib/wb$(EXEEXT) tests/lib/mkrun$(EXEEXT)
