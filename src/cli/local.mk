# src/cli and the program itself
bin_PROGRAMS += avo
avo_SOURCES = src/main.c
avo_LDADD = libavocli.a libavoui.a $(LIBAVO) $(LIBAVO_LIBS) $(NCURSES_LIBS)
noinst_LIBRARIES += libavocli.a
libavocli_a_SOURCES = src/cli/cli.c src/cli/cli.h \
	src/cli/attach.c src/cli/attach.h \
	src/cli/bench.c src/cli/bench.h \
	src/cli/commands.h \
	src/cli/completion.c \
	src/cli/counters.c \
	src/cli/doctor.c src/cli/doctor.h \
	src/cli/doctor_cuda.c \
	src/cli/doctor_machine.c \
	src/cli/doctor_model.c \
	src/cli/doctor_software.c \
	src/cli/evaluate.c src/cli/evaluate.h \
	src/cli/gpu.c src/cli/gpu.h \
	src/cli/help.c \
	src/cli/knowledge.c \
	src/cli/list.c \
	src/cli/read.c \
	src/cli/report.c \
	src/cli/run.c \
	src/cli/redteam.c \
	src/cli/score.c \
	src/cli/show.c \
	src/cli/steer.c \
	src/cli/table.c \
	src/cli/text.c src/cli/text.h

# Completion scripts are printed by the program they complete.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
nodist_bashcompletion_DATA = completion/avo
nodist_zshcompletion_DATA = completion/_avo
CLEANFILES += completion/avo completion/_avo
completion/avo: avo$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) completion && ./avo completion bash >$@.tmp && mv $@.tmp $@
completion/_avo: avo$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) completion && ./avo completion zsh >$@.tmp && mv $@.tmp $@
