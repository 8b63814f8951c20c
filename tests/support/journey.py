"""The journey as a person goes it, in a browser: the same steps on one machine and on a cluster."""

import base64
import hashlib
import json

WORDS = {
    "en": {
        "fresh": "Open a fresh copy",
        "start": "Start",
        "in_words": "In words:",
        "understood": "Understood as: words maquereau (= mackerel).",
        "run": "Run",
        "map": "Show on a map",
        "stop": "Stop",
        "suitability": "Environmental suitability",
    },
    "fr": {
        "fresh": "Ouvrir une copie neuve",
        "start": "Démarrer",
        "in_words": "En mots :",
        "understood": "Compris ainsi : mots maquereau.",
        "run": "Exécution",
        "map": "Montrer sur une carte",
        "stop": "Arrêter",
        "suitability": "Aptitude du milieu",
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

    def see_what_the_search_found(self) -> None:
        """The card of the stations, found by a French word."""
        notebook = self.page.locator(".jp-NotebookPanel")
        notebook.locator(".jp-WindowedPanel-outer").evaluate("panel => panel.scrollTo(0, 0)")
        found = notebook.locator(".jp-OutputArea", has_text=self.words["understood"]).first
        found.wait_for(state="attached", timeout=self.ms(30))
        found.scroll_into_view_if_needed()
        assert found.get_by_text("sample/mackerel_eggs_1992").first.is_visible()
        # JupyterLab's own style of tables puts all to the right, and columns of one width over each other.
        name = found.locator("td").first
        assert name.evaluate("cell => getComputedStyle(cell).textAlign") == "left"
        assert name.evaluate("cell => cell.scrollWidth <= cell.clientWidth")
        self.keep("search")

    def save(self) -> None:
        self.page.keyboard.press("Control+s")

    def explore(self) -> None:
        self.page.goto(f"{self.hub.address}/services/explore/")
        self.page.wait_for_selector(".bk-Figure, [class*='bk-Figure']", timeout=self.ms(60))
        self.speaks_the_language()
        self.keep("explore")

    def see_the_own_map(self, token: str) -> None:
        """The suitability that the notebook has written, on a server of its own, which is then stopped."""
        self.page.goto(f"{self.hub.address}/user/{self.user}/odatis/")
        result = self.page.get_by_role("listitem").filter(has_text="niche_output/suitability.zarr")
        result.get_by_role("button", name=self.words["map"]).click()
        self.page.wait_for_url(f"**/user/{self.user}/dashboard/**", timeout=self.ms(120))
        self.page.wait_for_selector(".bk-Figure, [class*='bk-Figure']", timeout=self.ms(60))
        self.page.wait_for_function(_PAINTED, timeout=self.ms(30))
        self.speaks_the_language()
        self.page.get_by_role("heading", name=self.words["suitability"]).first.wait_for()
        self.page.wait_for_timeout(500)
        self.keep("own-map")
        self.page.goto(f"{self.hub.address}/hub/home")
        self.keep("home")
        self.page.locator("[data-server-name=dashboard] .stop-server").click()
        self.hub.wait_for(
            lambda: "dashboard" not in self.hub.servers(self.user, token),
            60 * self.patience,
            "the end of the map's server",
        )

    def run_as_a_batch(self, token: str) -> str:
        """The same notebook on a server of its own, asked for in a terminal; the notebook server is stopped.

        Returns
        -------
        str
            The run's folder, below the home.
        """
        hub, user = self.hub, self.user
        command = "odatis run optimal_niche.ipynb --batch --profile small --json"
        asked = json.loads(hub.type_in_terminal(user, token, command, 60 * self.patience))
        # The hub may answer once the server is there: a quick run is under way by then.
        assert asked["status"] in ("waiting", "running"), asked
        hub.wait_for(
            lambda: hub.servers(user, token).get(asked["server"], {}).get("ready"),
            120 * self.patience,
            "the run's server",
        )
        self.stop_server()
        hub.wait_for(
            lambda: "" not in hub.servers(user, token), 60 * self.patience, "the notebook server's end"
        )
        assert list(hub.servers(user, token)) == [asked["server"]]
        hub.wait_for(lambda: not hub.servers(user, token), 240 * self.patience, "the end of the run")
        return f"runs/{asked['id']}"

    def finds_the_run_in_the_home(self, token: str, folder: str) -> None:
        """The record with its provenance, and the numbers of the notebook that ran in the browser."""
        hub, user = self.hub, self.user
        hub.start_server(user, token, 120 * self.patience, profile="small")
        record = json.loads(hub.saved_file(user, token, f"{folder}/run.json"))
        assert (record["status"], record["error"]) == ("completed", None)
        assert record["language"] == self.lang
        notebook = hub.saved_file(user, token, "optimal_niche.ipynb", format="base64")
        assert record["notebook"]["sha256"] == hashlib.sha256(base64.b64decode(notebook)).hexdigest()
        opened = {entry["entry"]: entry["sha256"] for entry in record["entries"]}
        assert set(opened) == {"sample/ocean_climatology", "sample/mackerel_eggs_1992"}
        assert all(opened.values())
        assert record["versions"]["odatis-vre"]
        written = {output["path"]: output["sha256"] for output in record["outputs"]}
        assert "niche_output/suitability.zarr" in written
        batch = hub.saved_file(user, token, f"{folder}/outputs/niche_output/optimum.json")
        assert hashlib.sha256(batch.encode()).hexdigest() == written["niche_output/optimum.json"]
        assert json.loads(batch) == json.loads(hub.saved_file(user, token, "niche_output/optimum.json"))
        assert "</html>" in hub.saved_file(user, token, f"{folder}/report.html")
        listed = hub.type_in_terminal(user, token, "odatis runs --json", 60 * self.patience)
        assert [run["status"] for run in json.loads(listed)] == ["completed"]

    def stop_server(self) -> None:
        self.page.goto(f"{self.hub.address}/hub/home")
        self.page.locator("#stop").click()
        self.page.wait_for_function(
            "() => !document.querySelector('#stop') || document.querySelector('#stop').offsetParent === null",
            timeout=self.ms(60),
        )
