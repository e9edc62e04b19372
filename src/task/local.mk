# src/task: suites, cases, the score vocabulary. libavoeval.a is what the worker
# links beside libavobase.a: task, sandbox and score statistics add to it.
noinst_LIBRARIES += libavoeval.a
libavoeval_a_SOURCES = src/task/score.h src/task/score.c src/task/task.h \
	src/task/case.c src/task/fill.c src/task/fill.h src/task/fill_code.h src/task/suite.c \
	src/task/sampled.c src/task/sampled.h \
	src/task/tolerance.c src/task/tolerance.h
