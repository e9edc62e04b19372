# tests/unit/worker
