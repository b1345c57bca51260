"""Who this terminal is: its keys, how it was let in, and whose word counts."""
