"""Labels, captions and attributes of assets by a model that sees them."""
