# tests/unit/lineage
