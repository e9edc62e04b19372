# tests/unit/agent
