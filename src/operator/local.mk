# src/operator
