# src/knowledge
