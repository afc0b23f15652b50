"""Read a dataset that was written: its manifest, and each frame's documents in any of the three layouts.

It lies beside the writers, so that what is written and what is read cannot drift apart, and so that exports and the report
(which are output too) can use it.
"""
