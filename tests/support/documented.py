"""What docs/operate.md tells an operator to type, and somebody who types it."""

import os
import re
import subprocess
from pathlib import Path

from chart_release import CHART, ROOT

PAGE = ROOT / "docs" / "operate.md"
ALIAS = "alias k='kubectl --namespace vre'\n"


def blocks(language: str, after: str = "") -> list[str]:
    """The examples of a language, those after some words of the page."""
    text = PAGE.read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text[text.index(after) :], re.S)


class Operator:
    """Types commands of the page in a folder that holds what they name: chart, values.yaml, keeper.yaml.

    Parameters
    ----------
    release : ChartRelease
        Called `vre`, in the namespace `vre`, as in the page.
    names : dict of str to str
        Names of the page, and what they are here.
    """

    def __init__(self, release, names: dict[str, str]):
        self.release, self.names, self.folder = release, names, release.folder
        (self.folder / "helm").mkdir()
        (self.folder / "helm" / CHART.name).symlink_to(CHART)
        (keeper,) = (block for block in blocks("yaml") if "name: keeper}" in block)
        (self.folder / "keeper.yaml").write_text(self._here(keeper), "utf-8")

    def type(self, commands: str) -> str:
        """Have bash carry commands out, as long as none fails, and return what they say."""
        # Aliases of a line are known from the next one on.
        script = f"shopt -s expand_aliases\nset -euo pipefail\n{ALIAS}{self._here(commands)}"
        tools = {str(Path(self.release.cluster.program(name)).parent) for name in ("kubectl", "helm")}
        path = os.pathsep.join((*tools, os.environ["PATH"]))
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env={**self.release.cluster.environment(), "PATH": path},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _here(self, text: str) -> str:
        for name, here in self.names.items():
            text = text.replace(name, here)
        return text
