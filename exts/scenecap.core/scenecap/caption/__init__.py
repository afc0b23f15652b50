"""Captions and questions whose every word can be traced to the scene graph."""
