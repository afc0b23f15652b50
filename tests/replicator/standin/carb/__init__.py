"""A stand-in of ``carb``."""
