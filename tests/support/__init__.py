"""What several tests share: generators of specs, comparisons of backends, readers of pages."""
