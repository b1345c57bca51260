"""How the terminal is: what it measures of itself, and says."""
