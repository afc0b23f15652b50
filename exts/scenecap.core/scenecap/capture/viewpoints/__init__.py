"""Where cameras stand that are not on the stage: kinds of placement, and rules that turn poor viewpoints down."""
