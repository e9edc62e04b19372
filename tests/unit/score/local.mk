# tests/unit/score
