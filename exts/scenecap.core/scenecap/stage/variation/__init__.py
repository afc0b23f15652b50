"""Variations of a stage: what is drawn at random, and how it is kept plausible. The files of the stage never change."""
