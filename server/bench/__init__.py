"""What the aggregator costs: loads against a real one, and how their figures are told."""
