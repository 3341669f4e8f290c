"""The theory of sizes: integers and symbols, shapes, facts, and what can be proved of them."""
