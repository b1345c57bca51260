"""Leads on the integrity of attendance, and never verdicts: what a person should look at, with the evidence (S10).

rules   pure: what each rule finds among punches and events      query  reads them for a scope, and applies the rules
routes  the list for the administrator of a district             words  what was seen, what may innocently explain it

What must stay true here: nothing is stored, nobody is marked, and no rule changes anything anywhere; each lead names
the records it rests on, so whoever doubts it can look; and it says what else may be the reason.
"""
