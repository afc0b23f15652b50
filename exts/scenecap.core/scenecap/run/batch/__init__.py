"""Batches: many scenes in one run, what each frame is taken of, and what that will cost."""
