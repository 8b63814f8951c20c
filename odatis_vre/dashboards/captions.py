"""Words and tables beside the plots: what a reader who does not see them needs."""

import csv
import html
import io
from collections.abc import Iterable, Sequence

import numpy as np

from odatis_vre.i18n import tr

__all__ = ["Speaker", "csv_text", "table"]


class Speaker:
    """Texts and numbers in one language.

    Parameters
    ----------
    lang : {"en", "fr"}
    """

    def __init__(self, lang: str):
        self.lang = lang

    def __call__(self, key: str, **values) -> str:
        """The message of a key of the section `dashboards`."""
        return tr(f"dashboards.{key}", lang=self.lang, **values)

    @property
    def point(self) -> str:
        """The decimal sign."""
        return "," if self.lang == "fr" else "."

    def number(self, value: float, digits: int = 2) -> str:
        """A number with its language's decimal sign; a word where there is none."""
        if value is None or not np.isfinite(value):
            return self("missing")
        text = f"{value:.{digits}f}"
        if float(text) == 0:
            text = text.lstrip("-")
        return text.replace(".", self.point).replace("-", "−")

    def place(self, lat: float, lon: float) -> str:
        """A position, as `47.5° N, 8.5° W`."""
        lon = (lon + 180) % 360 - 180
        parts = [
            f"{self.number(abs(lat), 1)}° {self('north' if lat >= 0 else 'south')}",
            f"{self.number(abs(lon), 1)}° {self('east' if lon >= 0 else 'west')}",
        ]
        return (" ; " if self.lang == "fr" else ", ").join(parts)

    def moment(self, time, climatology: bool, short: bool = False) -> str:
        """A time step: the month's name of a climatology, else the date."""
        text = (
            str(np.datetime_as_string(time, unit="D")) if isinstance(time, np.datetime64) else str(time)[:10]
        )
        if not climatology:
            return text
        return self(f"{'mon' if short else 'month'}_{int(text[5:7])}")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """An HTML table whose first column names the rows.

    Parameters
    ----------
    caption : str
    head : sequence of str
    rows : iterable of sequences of str
    """
    columns = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr><th scope='row'>{html.escape(row[0])}</th>"
        + "".join(f"<td>{html.escape(value)}</td>" for value in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f"<table class='odatis-table'><caption>{html.escape(caption)}</caption>"
        f"<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"
    )


def csv_text(head: Sequence[str], rows: Iterable[Sequence]) -> io.StringIO:
    """Rows as CSV: point for the decimals, empty where there is no value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow(["" if isinstance(v, float) and not np.isfinite(v) else v for v in row])
    text.seek(0)
    return text
