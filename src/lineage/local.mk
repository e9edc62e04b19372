# src/lineage: versions, attempts, notes and diffs in the run's git repository
libavo_a_SOURCES += \
	src/lineage/checkout.c src/lineage/commit.c src/lineage/diff.c src/lineage/files.c src/lineage/internal.h src/lineage/keep.c \
	src/lineage/lineage.h src/lineage/message.c src/lineage/open.c src/lineage/pack.c src/lineage/promote.c src/lineage/stale.c \
	src/lineage/tree.c
