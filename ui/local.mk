# ui: the workbench. Nothing here includes CUDA, curl or git2 headers; only display.c knows curses.
noinst_LIBRARIES += libavoui.a
libavoui_a_SOURCES = \
	ui/actions.c \
	ui/agent_view.c ui/attempt_view.c ui/attempts_view.c ui/counters_view.c ui/diff_view.c ui/directions_view.c \
	ui/events_view.c ui/help_view.c ui/lineage_view.c ui/review_view.c ui/scores_view.c ui/views.h ui/counters.c ui/counters.h \
	ui/canvas.c ui/canvas.h \
	ui/chart.c ui/chart.h \
	ui/command.c \
	ui/dispatch.c \
	ui/display.c ui/display.h \
	ui/draw.c ui/draw.h \
	ui/event.c ui/event.h \
	ui/format.c ui/format.h \
	ui/input.c ui/input.h \
	ui/item.c ui/item.h \
	ui/keys.c ui/keys.h \
	ui/layout.c ui/layout.h \
	ui/link.c ui/link.h \
	ui/model.c ui/model.h \
	ui/prompt.c ui/prompt.h \
	ui/request.c ui/request.h \
	ui/screen.c \
	ui/script.c ui/script.h \
	ui/settings.c ui/settings.h \
	ui/status.c \
	ui/theme.c ui/theme.h \
	ui/view.c ui/view.h \
	ui/wb.h \
	ui/workbench.c ui/workbench.h
nodist_libavoui_a_SOURCES = ui/default_rc.c
EXTRA_DIST += ui/avorc.default ui/embed.sh
CLEANFILES += ui/default_rc.c

# The default configuration travels inside the program.
ui/default_rc.c: ui/avorc.default ui/embed.sh
	$(AM_V_GEN)$(MKDIR_P) ui && $(SHELL) $(srcdir)/ui/embed.sh $(srcdir)/ui/avorc.default keys_default_rc > $@.tmp && mv $@.tmp $@

# avorc(5) takes its tables from the program.
noinst_PROGRAMS += ui/manual
ui_manual_SOURCES = ui/manual.c
ui_manual_LDADD = libavoui.a $(LIBAVO) $(LIBAVO_LIBS) $(NCURSES_LIBS)
EXTRA_DIST += man/avorc.5.in
nodist_man_MANS += man/avorc.5
CLEANFILES += man/avorc.5
man/avorc.5: man/avorc.5.in ui/manual$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) man && ./ui/manual$(EXEEXT) >man/tables.tmp && \
	sed -e 's/@[V]ERSION@/$(PACKAGE_VERSION)/' -e '/@TABLES@/{r man/tables.tmp' -e 'd;}' $(srcdir)/man/avorc.5.in >$@.tmp && \
	rm -f man/tables.tmp && mv $@.tmp $@
