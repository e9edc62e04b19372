# src/task: suites, cases, the score vocabulary. libavoeval.a is what the worker
# links beside libavobase.a: task, sandbox and score statistics add to it.
noinst_LIBRARIES += libavoeval.a
libavoeval_a_SOURCES = src/task/score.h src/task/score.c src/task/task.h \
	src/task/case.c src/task/suite.c
