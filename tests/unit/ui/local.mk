# tests/unit/ui
