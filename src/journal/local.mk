# src/journal: the record of a run, and the state rebuilt from it
libavo_a_SOURCES += \
	src/journal/append.c src/journal/apply.c src/journal/apply_attempt.c src/journal/apply_run.c \
	src/journal/apply_step.c src/journal/internal.h src/journal/journal.h src/journal/profile.c src/journal/profile.h src/journal/read.c src/journal/record.c \
	src/journal/record.h src/journal/schema.c src/journal/schema.h src/journal/segment.c src/journal/state.c src/journal/state.h src/journal/verify.c
