# src/llm
