# tests/unit/journal
