# tests/unit/operator
