"""Sensors and keypads, here and on the local network: watched, tried, tuned, pretended."""
