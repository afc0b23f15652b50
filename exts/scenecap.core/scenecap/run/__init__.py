"""Config models, jobs, the frame pipeline."""
