"""Facts about a network that can be read off its graph."""
