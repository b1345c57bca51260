"""The ledger: what was punched, by whom, on which terminal, kept once and never edited.

tables.py   every table; store.py opens it, migrates it and hands out transactions; records.py is the fast way in;
views.py    what pages and API read.
"""
