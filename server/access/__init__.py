"""Who may do what: accounts, sessions, grants, the one scope filter, and the record of who read and changed what.

roles     the roles and what sets each apart            rights    what may be done, and which roles may
scope     the one filter through which queries go       gate      how an endpoint declares its right
accounts  log-in names, passwords, second factors       sessions  who is logged in
grants    who holds which role where                    custody   who holds the portals, and the return on it
trail     the record of reads and changes               attempts  how often a log-in may fail
"""
