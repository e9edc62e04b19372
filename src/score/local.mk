# src/score: statistics of paired measurements (linked into the worker);
# evaluator.c, the engine's side of a worker.
libavoeval_a_SOURCES += src/score/stats.c src/score/stats.h \
	src/score/sequential.c src/score/sequential.h
libavo_a_SOURCES += src/score/evaluator.c src/score/evaluator.h src/score/link.c src/score/link.h \
	src/score/redteam.c src/score/redteam.h \
	src/score/baselines.c src/score/baselines.h
