# tests/unit/kernels
