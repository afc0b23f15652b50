"""Scenecap inside Isaac Sim: Replicator payloads to frames, writers, API, headless entry."""
