"""Settings: TOML files into frozen dataclasses. Only the two programs' entry points read them.

    ConfigError   the file cannot be read, or a key is unknown, missing, of another type or out of range

The shipped `edge.toml` and `server.toml` hold every key with its default: they are the reference documentation.
"""


class ConfigError(Exception):
    """A setting is wrong. The message names the file, the key, what was found and what is allowed."""
