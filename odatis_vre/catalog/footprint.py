"""Where a dataset lies: a small map of the world that needs no network."""

from html import escape

from odatis_vre.catalog.outline import world_path
from odatis_vre.catalog.request import BBox
from odatis_vre.i18n import tr

__all__ = ["footprint"]

# Half degrees, as the outline; a smaller box would not be seen.
_SMALLEST = 14


def footprint(box: BBox) -> str:
    """The world and a box on it, as SVG.

    Parameters
    ----------
    box : BBox

    Returns
    -------
    str
        One element, with its words for those who do not see it.

    Examples
    --------
    >>> footprint(BBox(-12, 43, 2, 60)).count('class="box"')
    1
    """
    shapes = "".join(_rectangle(*span, box) for span in box.spans)
    grid = "".join(f"M{x} 0v360" for x in range(120, 720, 120)) + "".join(
        f"M0 {y}h720" for y in range(60, 360, 60)
    )
    label = escape(f"{tr('catalog.label.extent')}{tr('catalog.colon')}{box}")
    return (
        '<svg width="288" height="144" viewBox="0 0 720 360" role="img" '
        f'aria-label="{label}"><title>{label}</title><rect class="sea" width="720" height="360"/>'
        f'<path class="land" d="{world_path()}"/><path class="grat" d="{grid}"/>{shapes}</svg>'
    )


def _rectangle(west: float, east: float, box: BBox) -> str:
    """A part of the box; a small one is drawn larger, around its own middle, within the map."""
    width, height = max(2 * (east - west), _SMALLEST), max(2 * (box.north - box.south), _SMALLEST)
    x = min(max((west + east) + 360 - width / 2, 0), 720 - width)
    y = min(max(180 - (box.north + box.south) - height / 2, 0), 360 - height)
    return f'<rect class="box" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"/>'
