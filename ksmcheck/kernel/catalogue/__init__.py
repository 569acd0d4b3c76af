"""The kernel's primitives, one module a family; ``kernel.primitives`` puts them together."""
