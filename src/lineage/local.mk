# src/lineage
