"""Who is believed, and by which key: the authority, the server's own keys, tokens, the vault, and cutting off."""
