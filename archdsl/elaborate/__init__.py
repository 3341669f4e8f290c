"""From the tree to the graph: names, expressions, blocks, repetition, and every shape on the way."""
