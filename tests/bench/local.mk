# tests/bench
EXTRA_PROGRAMS += tests/bench/knowledge
tests_bench_knowledge_SOURCES = tests/bench/knowledge.c
tests_bench_knowledge_LDADD = $(LIBAVO) $(LIBAVO_LIBS)
EXTRA_DIST += tests/bench/results/2026-11-21-h200-seeds.json tests/bench/results/2026-11-21-h200-gpu.json tests/bench/results/2026-11-28-h200-gpu.json \
	tests/bench/results/2026-11-21-llama-500-turns.json \
	tests/bench/results/2026-11-21-h200-bench-sm90a.txt

# Performance goals live here, not in timed tests.
bench: all tests/lib/mkrun$(EXEEXT) tests/lib/fake_worker$(EXEEXT) tests/lib/vtdrive$(EXEEXT) tests/bench/knowledge$(EXEEXT)
	@AVO_TOP_SRCDIR='$(abs_top_srcdir)' AVO_TOP_BUILDDIR='$(abs_top_builddir)' $(SHELL) $(srcdir)/tests/bench/bench.sh
# What an attempt costs after 10,000 of them, as JSON; AVO_ATTEMPTS says how many.
bench-scale: all tests/lib/fake_worker$(EXEEXT)
	@AVO_TOP_BUILDDIR='$(abs_top_builddir)' $(SHELL) $(srcdir)/tests/bench/scale.sh
# Every bad candidate in ROUNDS (20), on a quiet machine and beside load; the counts as JSON.
bench-redteam: all
	@AVO_TOP_SRCDIR='$(abs_top_srcdir)' AVO_TOP_BUILDDIR='$(abs_top_builddir)' $(SHELL) $(srcdir)/tests/bench/redteam.sh
.PHONY: bench bench-redteam bench-scale
EXTRA_DIST += tests/bench/bench.sh tests/bench/redteam.sh tests/bench/scale.sh
