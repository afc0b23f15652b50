"""Scores of captions by a chat model: VisCE2 with the scene graph as visual context, and Wolf's CapScore."""
