"""From a message that came to what is stored and answered: read, judged, dated, kept or set aside."""
