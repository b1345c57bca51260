"""Attendance days in the ledger: the pure engine (server.attendance) between its facts and its results.

due      whose days are to be folded again, written in the transaction of whatever changed
punches  the ledger's records by person, dated: the folding reads `record` once, in the order of `server_seq`
places   policies, holidays, weekly offs and hours, chosen by office and date
facts    everything known of some people, as the engine takes it
fit      when an office's terminals could take punches
store    days written with two times: the day they are of, and from when to when we said so
fold     one round of all that; worker calls it
"""
