# tests/bench
EXTRA_PROGRAMS += tests/bench/knowledge
tests_bench_knowledge_SOURCES = tests/bench/knowledge.c
tests_bench_knowledge_LDADD = $(LIBAVO) $(LIBAVO_LIBS)
