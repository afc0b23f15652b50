"""The parts of the panel, each a class that builds its widgets and follows the view-model."""
