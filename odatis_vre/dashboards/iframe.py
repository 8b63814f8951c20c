"""A plot of a notebook as a page of its own: it needs no network, in JupyterLab and in a run's report."""

from functools import cache
from html import escape

__all__ = ["show"]

# The frame takes the height of the plot, whatever the region of a map or the number of panels.
_FIT = """<script>new ResizeObserver(() => {
  if (frameElement) frameElement.style.height = `${document.body.offsetHeight}px`;
}).observe(document.body)</script>"""


def show(plot, title: str, height: int = 400) -> None:
    """Show a plot in a notebook, in a frame that needs no network.

    The frame brings Bokeh's script with it: it works without Internet, after the notebook was saved, and in
    the report of a run.

    Parameters
    ----------
    plot : HoloViews object or Bokeh model
    title : str
        What screen readers say, and what is seen where HTML is not: say where the plot is told in words.
    height : int, default 400
        Of the frame in pixels, until the plot is drawn: then it is the plot's.

    Examples
    --------
    >>> import holoviews as hv
    >>> show(hv.Curve([1, 2, 1]), "Temperature, described below")  # doctest: +SKIP
    """
    from IPython.display import display

    display({"text/html": _frame(_page(plot, title), title, height), "text/plain": title}, raw=True)


def _page(plot, title: str) -> str:
    """A whole page: the plot, and the script that draws it."""
    from bokeh.embed import components
    from bokeh.model import Model

    if not isinstance(plot, Model):
        import holoviews as hv
        import holoviews.plotting.bokeh

        plot = hv.render(plot, backend="bokeh")
    script, figure = components(plot)
    return (
        f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>body {{ margin: 0 }}</style>{_bokeh()}{figure}{script}{_FIT}"
    )


def _frame(page: str, title: str, height: int) -> str:
    return (
        f'<iframe title="{escape(title)}" srcdoc="{escape(page)}" '
        f'style="width:100%;height:{int(height)}px;border:0"></iframe>'
    )


@cache
def _bokeh() -> str:
    from bokeh.resources import Resources

    scripts = Resources(mode="inline", components=["bokeh"]).js_raw
    return "".join(f"<script>{source}</script>" for source in scripts)
