# tests/gpu: what needs a GPU. `make check` runs it where there is one; run writes a
# report, also on a machine that has no more than a compiler and the CUDA toolkit.
EXTRA_DIST += tests/gpu/docs tests/gpu/run tests/gpu/baseline.cu
check_PROGRAMS += tests/gpu/gpu_tests
TESTS += tests/gpu/gpu_tests
tests_gpu_gpu_tests_SOURCES = tests/gpu/gpu_tests.c tests/gpu/parts.h tests/gpu/verdicts.c tests/gpu/zoo.c tests/gpu/timing.c \
	tests/gpu/baselines.c tests/gpu/client.c \
	src/score/evaluator.c src/score/supply.c src/score/link.c src/score/ending.c src/score/words.c src/score/command.c \
	src/score/result_check.c src/score/redteam.c
tests_gpu_gpu_tests_CFLAGS = $(SANITIZE_CFLAGS) $(AVO_CFLAGS) $(CJSON_CFLAGS)
tests_gpu_gpu_tests_LDADD = libavoeval.a libavobase.a $(WORKER_CJSON_LIBS) -lm -lpthread
