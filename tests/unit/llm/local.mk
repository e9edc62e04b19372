# tests/unit/llm
