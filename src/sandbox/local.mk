# src/sandbox: confinement of programs that are not ours. Part of what the
# worker links; plan.h and bpf.h stay inside the room.
libavoeval_a_SOURCES += \
	src/sandbox/bpf.c src/sandbox/bpf.h \
	src/sandbox/bwrap.c \
	src/sandbox/check.c \
	src/sandbox/enter.c \
	src/sandbox/filter.c \
	src/sandbox/landlock.c \
	src/sandbox/layers.c \
	src/sandbox/limits.c \
	src/sandbox/mounts.c \
	src/sandbox/namespaces.c \
	src/sandbox/plan.c src/sandbox/plan.h \
	src/sandbox/probe.c src/sandbox/probe.h \
	src/sandbox/sandbox.h \
	src/sandbox/seal.c \
	src/sandbox/spawn.c
