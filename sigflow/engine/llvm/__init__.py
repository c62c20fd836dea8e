"""The compiler of kernel code: a subset of Python, straight to LLVM; `unit` is where it begins."""
