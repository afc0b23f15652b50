"""Tests of variations."""
