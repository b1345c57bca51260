"""A return as CSV and XLSX. What begins like a formula is made text in both: a name may run nothing."""

import io

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]

from server.returns.model import Cell, Language, Return, Table, Weight, shown
from server.returns.words import period
from server.web.csv import encode


def csv(found: Return, language: Language) -> bytes:
    """All tables under each other; the first begins at once, so that a program reads its header in line one."""
    first, *others = found.tables
    rows: list[list[Cell]] = [_row(row, language) for row in first.rows]
    for table in others:
        rows += [[], [shown(table.title, language)], [shown(one.title, language) for one in table.columns]]
        rows += [_row(row, language) for row in table.rows]
    rows += [[]] + [[shown(note, language)] for note in found.notes]
    return encode([shown(one.title, language) for one in first.columns], rows)


def xlsx(found: Return, language: Language) -> bytes:
    """A sheet for each table, headings frozen, printed with them on each page."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(out, options) as book:
        looks = {weight: book.add_format(_LOOKS[weight]) for weight in Weight}
        head, title = book.add_format(_HEAD), book.add_format({"bold": True, "font_size": 14})
        for place, table in enumerate(found.tables, 1):
            sheet = book.add_worksheet(f"{place}")
            sheet.write_string(0, 0, shown(found.title if place == 1 else table.title, language), title)
            sheet.write_string(1, 0, f"{shown(found.place, language)}  {shown(period(found.period), language)}")
            for column, one in enumerate(table.columns):
                sheet.write_string(3, column, shown(one.title, language), head)
                sheet.set_column(column, column, _width(table, column, language))
            for row, cells in enumerate(table.rows):
                for column, cell in enumerate(cells):
                    _write(sheet, 4 + row, column, cell, looks[table.weight(row)], language)
            sheet.freeze_panes(4, 0)
            sheet.repeat_rows(3)
            sheet.set_landscape()
            sheet.set_paper(9)
            sheet.fit_to_pages(1, 0)
            for row, note in enumerate(found.notes if place == 1 else (), len(table.rows) + 5):
                sheet.write_string(row, 0, shown(note, language))
    return out.getvalue()


_HEAD = {"bold": True, "text_wrap": True, "border": 1, "bg_color": "#e8eef4", "valign": "top"}
_LOOKS = {
    Weight.PLAIN: {"border": 1, "text_wrap": True, "valign": "top"},
    Weight.GROUP: {"border": 1, "bold": True, "bg_color": "#f4f4f4"},
    Weight.TOTAL: {"border": 1, "bold": True, "bg_color": "#e4e4e4"},
    Weight.ALERT: {"border": 1, "text_wrap": True, "bg_color": "#fdeaea", "valign": "top"},
}


def _write(sheet: "object", row: int, column: int, cell: Cell, look: Format, language: Language) -> None:
    if isinstance(cell, int | float):
        sheet.write_number(row, column, cell, look)  # type: ignore[attr-defined]
    else:
        sheet.write_string(row, column, shown(cell, language), look)  # type: ignore[attr-defined]


def _width(table: Table, column: int, language: Language) -> int:
    longest = max((len(shown(row[column], language)) for row in table.rows[:500] if column < len(row)), default=0)
    return max(8, min(60, longest + 2))


def _row(row: tuple[Cell, ...], language: Language) -> list[Cell]:
    return [cell if isinstance(cell, int | float) else shown(cell, language) for cell in row]
