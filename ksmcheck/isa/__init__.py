"""The assembly dialects: what each instruction does, and tests in them as programs."""
