# src/journal
