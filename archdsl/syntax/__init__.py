"""From text to a typed tree with places, past mistakes."""
