"""The public page: who is in the office today, for everybody, without a login.

After the Rajasthan Social Justice and Empowerment Department's circular F21()/SJED/COMP/GEN/2021/ of 29-12-2023 and its
user manual "Availability of officers/staff at workplace/office" (R5), under section 4 of the RTI Act 2005.

states     pure: what somebody's marks of today amount to, and the six counts
texts      pure: what may be shown of a text, and how times are written
staff      offices, people and terminals as they are today
sources    who is away or closed today, asked of the rooms that know
marks      follows the records of today
projector  writes what changed into tables of its own
views      all that public routes read: those tables
listing    pure: what a list was asked for: search, order, page
routes     the pages
front      cache, limits and no cookie, in front of them
words      in Hindi and English

What must stay true here: views reads the tables public_… and two counters, nothing else; and the
projector puts nothing into them that does not hang at the door of the office.
"""
