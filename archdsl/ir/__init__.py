"""Sizes, shapes and the graph that everything after the elaborator works on."""
