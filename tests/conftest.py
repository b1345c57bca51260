"""For all tests: how long one example takes says something of the machine it runs on, and nothing of the program."""

from hypothesis import settings

settings.register_profile("hazri", deadline=None)
settings.load_profile("hazri")
