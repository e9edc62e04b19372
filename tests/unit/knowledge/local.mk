# tests/unit/knowledge
