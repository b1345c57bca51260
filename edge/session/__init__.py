"""The manners of the terminal: its states, what moves it, and how a session ends. Pure."""
