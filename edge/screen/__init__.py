"""What a person sees and hears: a picture in words, drawn for a panel, said aloud, shown by lights."""
