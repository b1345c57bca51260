"""Returns: what the circulars ask offices to send, as data first; then a page, CSV, XLSX, or a PDF to print.

model     what a return is: tables of cells in both languages
attend, people_, late, allowance, oversee, machines   the returns themselves, by subject; catalogue names them all
render_*  html, csv, xlsx, pdf
sent      frozen when sent, and what is learnt later as amendment slips (R2.5)
schedule  what falls due, and the alarm where it was not sent; overdue: what goes to whoever stands above
"""

from server import ServerError


class ReturnError(ServerError):
    """A return that cannot be made; says what to do."""
