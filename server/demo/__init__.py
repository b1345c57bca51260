"""A district in miniature on one machine, of real processes only: `make demo`."""
