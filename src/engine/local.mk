# src/engine: the loop, steps, gate, supervisor, budgets; run_create
libavo_a_SOURCES += src/engine/engine.h src/engine/internal.h \
	src/engine/find.c \
	src/engine/settings.c src/engine/settings.h \
	src/engine/create.c \
	src/engine/engine.c \
	src/engine/record.c src/engine/trouble.c \
	src/engine/restore.c \
	src/engine/terms.c \
	src/engine/start.c \
	src/engine/step.c \
	src/engine/attempt.c src/engine/away.c \
	src/engine/gate.c \
	src/engine/known.c \
	src/engine/profile.c \
	src/engine/budget.c \
	src/engine/cache.c \
	src/engine/commands.c \
	src/engine/lock.c \
	src/engine/pack.c \
	src/engine/presence.c \
	src/engine/daemon.c \
	src/engine/supervise.c \
	src/engine/supervisor.c src/engine/supervisor.h
