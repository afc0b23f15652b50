"""Variations of a stage: what is drawn at random, and a stage that is so."""
