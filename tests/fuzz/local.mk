# tests/fuzz: one libFuzzer program for every parser of foreign bytes.
#
# To add the target NAME:
#   1. tests/fuzz/fuzz_NAME.c with LLVMFuzzerTestOneInput(); it aborts when a
#      promise is broken, and prints nothing.
#   2. Below: its sources in a variable, its name in fuzz_targets, and a rule like
#      that of fuzz_journal. Everything it tests is compiled again, by clang, with
#      coverage, ASan and UBSan: list the .c files of the rooms it needs.
#   3. Seeds, small and by hand, in tests/fuzz/corpus/NAME/; words worth knowing in
#      tests/fuzz/NAME.dict if the format has any.
#   4. An input that once broke it goes into the corpus and stays there.
#
# `make check` runs each target for $AVO_FUZZ_SECONDS (default 5) over its corpus,
# from a fixed start ($AVO_FUZZ_SEED); run one longer by hand with
#   tests/fuzz/fuzz_NAME -dict=... /tmp/new tests/fuzz/corpus/NAME
EXTRA_DIST += tests/fuzz/run.sh tests/fuzz/build.sh tests/fuzz/corpus \
	tests/fuzz/fuzz_journal.c tests/fuzz/fuzz_suite.c tests/fuzz/fuzz_text.c \
	tests/fuzz/journal.dict tests/fuzz/suite.dict tests/fuzz/text.dict
TESTS += tests/fuzz/run.sh
FUZZ_CPPFLAGS = $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) $(CJSON_CFLAGS)
FUZZ_LIBS = $(CJSON_LIBS) -lm -lpthread
FUZZ_BUILD = $(AM_V_GEN)$(MKDIR_P) tests/fuzz && FUZZ_CC='$(FUZZ_CC)' $(SHELL) $(srcdir)/tests/fuzz/build.sh
fuzz_targets = tests/fuzz/fuzz_journal tests/fuzz/fuzz_suite tests/fuzz/fuzz_text \
	tests/fuzz/fuzz_edit tests/fuzz/fuzz_sse tests/fuzz/fuzz_wire \
	tests/fuzz/fuzz_candidate tests/fuzz/fuzz_control tests/fuzz/fuzz_elf tests/fuzz/fuzz_evaluator \
	tests/fuzz/fuzz_keys tests/fuzz/fuzz_plan tests/fuzz/fuzz_trailers
fuzz_journal_sources = tests/fuzz/fuzz_journal.c src/task/score.c \
	src/journal/append.c src/journal/apply.c src/journal/apply_attempt.c src/journal/apply_run.c src/journal/apply_step.c \
	src/journal/read.c src/journal/segment.c src/journal/state.c src/journal/verify.c
fuzz_suite_sources = tests/fuzz/fuzz_suite.c src/task/case.c src/task/score.c src/task/suite.c
fuzz_text_sources = tests/fuzz/fuzz_text.c
if HAVE_FUZZER
check_DATA = $(fuzz_targets)
CLEANFILES += $(fuzz_targets)
endif

tests/fuzz/fuzz_journal: $(fuzz_journal_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_journal_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

tests/fuzz/fuzz_suite: $(fuzz_suite_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_suite_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

tests/fuzz/fuzz_text: $(fuzz_text_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_text_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

EXTRA_DIST += tests/fuzz/fuzz_edit.c tests/fuzz/fuzz_sse.c tests/fuzz/fuzz_wire.c tests/fuzz/wire.dict
fuzz_edit_sources = tests/fuzz/fuzz_edit.c src/agent/edit.c
fuzz_sse_sources = tests/fuzz/fuzz_sse.c src/llm/sse.c src/knowledge/html.c src/knowledge/split.c
fuzz_wire_sources = tests/fuzz/fuzz_wire.c src/llm/sse.c src/llm/wire.c src/llm/messages.c src/llm/messages_encode.c \
	src/llm/chat.c src/llm/chat_encode.c src/llm/message.c src/llm/message_json.c src/llm/repair.c src/llm/reply.c

tests/fuzz/fuzz_edit: $(fuzz_edit_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_edit_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

tests/fuzz/fuzz_sse: $(fuzz_sse_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_sse_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

tests/fuzz/fuzz_wire: $(fuzz_wire_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_wire_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

EXTRA_DIST += tests/fuzz/fuzz_candidate.c tests/fuzz/fuzz_control.c tests/fuzz/fuzz_elf.c tests/fuzz/fuzz_evaluator.c \
	tests/fuzz/fuzz_keys.c tests/fuzz/fuzz_plan.c tests/fuzz/fuzz_trailers.c
fuzz_candidate_sources = tests/fuzz/fuzz_candidate.c src/candidate/parameter.c src/candidate/rules.c
fuzz_control_sources = tests/fuzz/fuzz_control.c src/control/server.c src/control/wire.c src/journal/append.c src/journal/read.c src/journal/segment.c src/journal/verify.c
fuzz_elf_sources = tests/fuzz/fuzz_elf.c src/worker/cpu/elf.c src/worker/cpu/elf_image.c
fuzz_evaluator_sources = tests/fuzz/fuzz_evaluator.c src/score/evaluator.c src/score/supply.c src/score/ending.c src/score/words.c \
	src/score/command.c src/score/result_check.c src/task/score.c src/task/suite.c src/task/case.c
fuzz_keys_sources = tests/fuzz/fuzz_keys.c ui/input.c
fuzz_plan_sources = tests/fuzz/fuzz_plan.c src/worker/cuda/validate.c
fuzz_trailers_sources = tests/fuzz/fuzz_trailers.c src/task/score.c

tests/fuzz/fuzz_candidate: $(fuzz_candidate_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_candidate_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

tests/fuzz/fuzz_control: $(fuzz_control_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_control_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

tests/fuzz/fuzz_elf: $(fuzz_elf_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_elf_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

tests/fuzz/fuzz_evaluator: $(fuzz_evaluator_sources) src/score/link.c $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_evaluator_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

tests/fuzz/fuzz_keys: $(fuzz_keys_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_keys_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -- $(FUZZ_LIBS)

tests/fuzz/fuzz_plan: $(fuzz_plan_sources) $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_plan_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) -I$(srcdir)/kernels/include -- $(FUZZ_LIBS)

tests/fuzz/fuzz_trailers: $(fuzz_trailers_sources) src/lineage/message.c $(libavobase_a_SOURCES)
	$(FUZZ_BUILD) $@ '$(srcdir)' '$(fuzz_trailers_sources) $(libavobase_a_SOURCES)' $(FUZZ_CPPFLAGS) $(GIT2_CFLAGS) -- $(FUZZ_LIBS) $(GIT2_LIBS)
