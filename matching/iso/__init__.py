"""Fingers for other software: ISO/IEC 19794-2:2005 records and compact cards, in and out.

record.py reads and writes the record, card.py the card's three bytes a minutia; convert.py carries both to and from
this program's templates.
"""

from matching.iso.convert import FOREIGN, card_of, record_of, template_of_card, templates_of

__all__ = ["FOREIGN", "card_of", "record_of", "template_of_card", "templates_of"]
