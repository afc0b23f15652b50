"""Ask a model that sees what an asset is, and check what it answers."""
