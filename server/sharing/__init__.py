"""What leaves this server: the feed that is pulled, the hooks that are called, and what is known to be missing."""
