# src/agent: what makes a model an agent: tools, memory, prompts, the record in words
libavo_a_SOURCES += \
	src/agent/brief.c \
	src/agent/doctor.c src/agent/doctor.h \
	src/agent/edit.c src/agent/edit.h \
	src/agent/memory.c src/agent/memory.h \
	src/agent/prompts.c src/agent/prompts.h \
	src/agent/report.c src/agent/report.h \
	src/agent/shell.h src/agent/shell_watch.c \
	src/agent/tool_files.c \
	src/agent/tool_look.c \
	src/agent/tool_port.c \
	src/agent/tool_shell.c \
	src/agent/toolbox.c src/agent/tools.h

AGENT_PROMPTS = src/agent/prompts/system.md src/agent/prompts/summary.md src/agent/prompts/review.md
promptsdir = $(pkgdatadir)/prompts
dist_prompts_DATA = $(AGENT_PROMPTS)
