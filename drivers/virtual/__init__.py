"""A finger sensor and keypad without hardware, for demonstrations, tests and trials of a whole system."""
