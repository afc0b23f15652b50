"""File layouts, overlay drawing, atomic writes."""
