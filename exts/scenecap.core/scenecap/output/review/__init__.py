"""A page on which people review what is said of assets. It needs no server and no network."""
