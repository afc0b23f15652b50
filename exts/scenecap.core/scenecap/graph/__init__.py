"""Top-N selection, support tree, relations, the full graph and its pruned spanning tree. Pure geometry, no pxr."""
