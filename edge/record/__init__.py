"""What goes into the log, at what time, and what leaves it by hand."""
