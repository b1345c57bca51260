"""From a blank card to a machine that asks to be let in."""
