"""The page around a dashboard: the only place that knows `panel_material_ui.Page`."""

from functools import cache

import panel_material_ui as pmui

__all__ = ["STYLE", "WAITING", "page"]

# Inside the components: they live in shadow roots, which the page's own style does not reach.
STYLE = """
:host { font-size: 15px; line-height: 1.5; color: #263238; }
h2 { font-size: 1.15rem; font-weight: 600; margin: .2rem 0 .3rem; }
p { margin: .2rem 0 .5rem; }
a { color: #00566b; }
summary { cursor: pointer; color: #00566b; padding: .35rem 0; width: fit-content; }
summary:focus-visible, a:focus-visible, [tabindex]:focus-visible { outline: 3px solid #00697f;
  outline-offset: 2px; border-radius: 2px; }
pre { background: #f2f5f7; padding: .7rem .9rem; border-radius: 6px; overflow-x: auto; font-size: 13px;
  white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0; }
.scroll { overflow: auto; max-height: 22rem; }
.odatis-table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
.odatis-table caption { text-align: left; padding: .2rem 0 .4rem; color: #455a64; }
.odatis-table th, .odatis-table td { border-bottom: 1px solid #dfe5e8; padding: .25rem .9rem .25rem 0; }
.odatis-table td, .odatis-table th[scope=col]:not(:first-child) { text-align: right; }
.odatis-table th { text-align: left; font-weight: 500; }
.odatis-table thead th { font-weight: 600; border-bottom-width: 2px; position: sticky; top: 0;
  background: #fff; }
"""
# A wait of less than half a second shows nothing.
_RAW_CSS = """
@keyframes odatis-appear { from { opacity: 0; } to { opacity: 1; } }
body:not(:has(.bk-Column, .bk-panel-models-esm-ReactComponent, [data-root-id] > *))::after {
  content: ""; position: fixed; inset: 0; margin: auto; width: 44px; height: 44px; border-radius: 50%;
  border: 5px solid #cfd8dc; border-top-color: #00697f;
  animation: odatis-appear .01s linear .5s both, odatis-turn 1s linear infinite; }
@keyframes odatis-turn { to { transform: rotate(360deg); } }
@media (prefers-reduced-motion: reduce) {
  * { animation-duration: .01s !important; transition: none !important; } }
"""


WAITING = """
<style>
@keyframes appear { from { opacity: 0; } to { opacity: 1; } }
@keyframes turn { to { transform: rotate(360deg); } }
.wait { width: 22px; height: 22px; border-radius: 50%; border: 3px solid rgba(255, 255, 255, .4);
  border-top-color: #fff; animation: appear .01s linear .5s both, turn 1s linear infinite; }
</style>
<div class="wait" role="status" aria-label="LABEL"></div>
"""


@cache
def _template(lang: str):
    """panel_material_ui's template, whose `lang` is fixed to English, with the page's language."""
    from panel_material_ui.template import base

    name = base.BASE_TEMPLATE.name
    source = base._env.loader.get_source(base._env, name)[0]
    source = source.replace('lang="en"', f'lang="{lang}"', 1)
    return base._env.from_string(
        source.replace('{{ title | e if title else "Panel App" }}', "{{ meta.title | e }}")
    )


def page(title: str, lang: str, header: list, sidebar: list, main: list, description: str) -> pmui.Page:
    """A page with the controls on its side; on a narrow screen they fold away.

    Parameters
    ----------
    title : str
    lang : {"en", "fr"}
        What `<html lang>` says.
    header, sidebar, main : list of Panel objects
    description : str
        For search engines and assistive technology.

    Returns
    -------
    panel_material_ui.Page
    """
    return pmui.Page(
        title=title,
        header=header,
        sidebar=sidebar,
        main=main,
        main_width=1400,
        sidebar_width=310,
        sidebar_resizable=False,
        theme_toggle=False,
        busy_indicator=None,  # its own one waits for a whole second
        template=_template(lang),
        site_url="./",
        meta_description=description,
        meta_viewport="width=device-width, initial-scale=1",
        raw_css=[_RAW_CSS],
        theme_config={"palette": {"primary": {"main": "#00566b"}, "background": {"default": "#f5f7f8"}}},
    )
