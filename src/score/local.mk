# src/score: statistics of paired measurements (linked into the worker);
# evaluator.c, the engine's side of a worker.
libavoeval_a_SOURCES += src/score/stats.c src/score/stats.h \
	src/score/sequential.c src/score/sequential.h
libavo_a_SOURCES += src/score/evaluator.c src/score/evaluator.h src/score/link.c src/score/link.h \
	src/score/supply.c src/score/supply.h src/score/ending.c src/score/ending.h \
	src/score/words.c src/score/words.h src/score/command.c src/score/command.h \
	src/score/result_check.c src/score/result_check.h \
	src/score/redteam.c src/score/redteam.h \
	src/score/baselines.c src/score/baselines.h
