"""The journey as a person goes it, in a browser: the same steps on one machine and on a cluster."""

WORDS = {
    "en": {
        "fresh": "Open a fresh copy",
        "start": "Start",
        "in_words": "In words:",
        "run": "Run",
    },
    "fr": {
        "fresh": "Ouvrir une copie neuve",
        "start": "Démarrer",
        "in_words": "En mots :",
        "run": "Exécution",
    },
}
_PAINTED = """() => {
  const canvases = [];
  const walk = (root) => root.querySelectorAll('*').forEach((e) => {
    if (e.tagName === 'CANVAS') canvases.push(e);
    if (e.shadowRoot) walk(e.shadowRoot);
  });
  walk(document);
  return canvases.some((c) => {
    if (!c.width || !c.height) return false;
    const data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
    const colours = new Set();
    for (let i = 0; i < data.length; i += 40) colours.add(data.slice(i, i + 3).join());
    return colours.size > 30;
  });
}"""


class Journey:
    """The steps of one user in one language.

    Parameters
    ----------
    page : playwright.sync_api.Page
    hub : HubClient
    user : str
    lang : {"en", "fr"}
    keep : callable
        Receives the page and a name, to keep a picture.
    patience : float
        How many times longer than on a quiet machine a step may take.
    """

    def __init__(self, page, hub, user, lang="en", keep=lambda page, name: None, patience=1.0):
        self.page, self.hub, self.user, self.lang = page, hub, user, lang
        self.words = WORDS[lang]
        self.patience = patience
        self._keep = keep

    def keep(self, name: str) -> None:
        self._keep(self.page, f"{name}-{self.lang}")

    def ms(self, seconds: float) -> float:
        return 1000 * seconds * self.patience

    def speaks_the_language(self) -> None:
        assert self.page.locator("html").get_attribute("lang") == self.lang

    def log_in(self) -> None:
        self.page.goto(self.hub.address)
        self.speaks_the_language()
        self.page.fill("input[name=username]", self.user)
        self.page.fill("input[name=password]", self.hub.password)
        self.keep("login")
        self.page.click("[type=submit]")

    def start_server(self, profile: str) -> None:
        self.page.goto(f"{self.hub.address}/hub/spawn")
        self.page.check(f"input[name=profile][value={profile}]")
        self.keep("profiles")
        self.page.get_by_role("button", name=self.words["start"], exact=True).click()
        self.page.wait_for_url("**/lab**", timeout=self.ms(120))
        self.page.wait_for_selector("#jp-main-dock-panel", timeout=self.ms(60))

    def open_fresh_copy(self) -> None:
        self.page.goto(f"{self.hub.address}/user/{self.user}/odatis/")
        self.speaks_the_language()
        self.keep("templates")
        self.page.get_by_role("button", name=self.words["fresh"]).first.click()
        self.page.wait_for_url("**/lab/tree/optimal_niche.ipynb", timeout=self.ms(60))
        notebook = self.page.locator(".jp-NotebookPanel")
        notebook.locator(".jp-CodeCell").first.wait_for(timeout=self.ms(60))
        notebook.locator(".jp-Toolbar-kernelName", has_text="Python 3").wait_for(timeout=self.ms(90))
        notebook.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=self.ms(90))

    def run_all_and_see_the_map(self) -> None:
        page, notebook = self.page, self.page.locator(".jp-NotebookPanel")
        page.get_by_role("menuitem", name=self.words["run"], exact=True).click()
        page.locator('[data-command="runmenu:run-all"]').click()
        said = notebook.locator(".jp-OutputArea").get_by_text(self.words["in_words"])
        said.wait_for(timeout=self.ms(180), state="attached")
        stderr = ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']"
        assert notebook.locator(stderr).count() == 0
        said.scroll_into_view_if_needed()
        frames = [frame for frame in page.frames if frame.parent_frame is page.main_frame]
        assert len(frames) == 2
        for frame in frames:
            frame.wait_for_function(
                "() => document.querySelector('.bk-Figure, .bk-GridPlot, .bk-Column, [class*=bk-]')"
            )
        self.hub.wait_for(
            lambda: all(frame.evaluate(_PAINTED) for frame in frames), 30, "the figures to be painted"
        )
        frames[-1].frame_element().scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        self.keep("niche")

    def save(self) -> None:
        self.page.keyboard.press("Control+s")

    def explore(self) -> None:
        self.page.goto(f"{self.hub.address}/services/explore/")
        self.page.wait_for_selector(".bk-Figure, [class*='bk-Figure']", timeout=self.ms(60))
        self.speaks_the_language()
        self.keep("explore")

    def stop_server(self) -> None:
        self.page.goto(f"{self.hub.address}/hub/home")
        self.page.locator("#stop").click()
        self.page.wait_for_function(
            "() => !document.querySelector('#stop') || document.querySelector('#stop').offsetParent === null",
            timeout=self.ms(60),
        )
