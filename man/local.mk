# man: pages are checked by a test; avo.1 takes its COMMANDS from the program.
EXTRA_DIST += man/avo.1.in
nodist_man_MANS += man/avo.1
CLEANFILES += man/avo.1
man/avo.1: man/avo.1.in avo$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) man && ./avo help --man >man/commands.tmp && \
	sed -e 's/@[V]ERSION@/$(PACKAGE_VERSION)/' -e '/@COMMANDS@/{r man/commands.tmp' -e 'd;}' $(srcdir)/man/avo.1.in >$@.tmp && \
	rm -f man/commands.tmp && mv $@.tmp $@
dist_man_MANS += man/avo-candidate.7
EXTRA_DIST += man/avo.conf.5.in
nodist_man_MANS += man/avo.conf.5
CLEANFILES += man/avo.conf.5
man/avo.conf.5: man/avo.conf.5.in avo$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) man && ./avo help --man-conf >man/settings.tmp && \
	sed -e 's/@[V]ERSION@/$(PACKAGE_VERSION)/' -e '/@SETTINGS@/{r man/settings.tmp' -e 'd;}' $(srcdir)/man/avo.conf.5.in >$@.tmp && \
	rm -f man/settings.tmp && mv $@.tmp $@
