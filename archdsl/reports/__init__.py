"""What people and programs read about a network: summaries, and what changed between two networks."""
