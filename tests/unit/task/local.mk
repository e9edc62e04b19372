# tests/unit/task
