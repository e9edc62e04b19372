# tests/bench
EXTRA_PROGRAMS += tests/bench/knowledge
tests_bench_knowledge_SOURCES = tests/bench/knowledge.c
tests_bench_knowledge_LDADD = $(LIBAVO) $(LIBAVO_LIBS)
EXTRA_DIST += tests/bench/results/2026-11-21-h200-seeds.json
