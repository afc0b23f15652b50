"""The Scenecap panel for Isaac Sim: a view-model without omni.ui under a thin view."""
