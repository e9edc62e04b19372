# src/operator: what turns a parent version into candidates
libavo_a_SOURCES += src/operator/operator.h src/operator/builtin.h src/operator/table.c \
	src/operator/mutate_propose.c src/operator/mutate_propose.h \
	src/operator/mutate_trials.c src/operator/mutate_trials.h \
	src/operator/mutate.c src/operator/mutate.h src/operator/mutate_record.c \
	src/operator/manual.c \
	src/operator/agent.c src/operator/agent.h \
	src/operator/agent_limits.c src/operator/agent_output.c src/operator/agent_port.c src/operator/agent_profile.c src/operator/agent_room.c src/operator/agent_turn.c src/operator/agent_wait.c
