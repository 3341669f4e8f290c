"""From what a spec says to Python classes: a block becomes the class that it describes, for every argument."""
