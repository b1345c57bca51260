"""The page people look at and the API central servers pull from."""
