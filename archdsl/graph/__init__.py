"""The graph that everything after the elaborator works on: values, nodes, bodies, and whether they are sound."""
