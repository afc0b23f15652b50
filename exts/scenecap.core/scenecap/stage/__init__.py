"""Open a stage safely, walk it, find its objects, read and attach labels."""
