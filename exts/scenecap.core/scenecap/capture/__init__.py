"""Frame sources: the embedded capture (usd-core on the CPU) and folders of recorded annotator outputs."""
