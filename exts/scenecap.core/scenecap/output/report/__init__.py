"""The report of a dataset: a folder of HTML, scripts and data that any browser opens without a server or a network.

Python reads the dataset once and writes what the pages show as data; the scripts in ``assets/`` draw it. Everything that comes
from a stage stays data on both sides: JSON that a page parses, and text that it sets as text.
"""
