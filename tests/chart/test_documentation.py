"""What docs/operate.md and its French twin show is what Helm and Kubernetes take."""

import re
from pathlib import Path

import pytest
import yaml

DOCS = Path(__file__).parents[2] / "docs"


def blocks(name: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (DOCS / name).read_text("utf-8"), re.S)


BLOCKS = blocks("operate.md")


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_an_example_is_taken(helm, tmp_path, block, kubernetes_takes):
    if "\nkind:" in block:
        kubernetes_takes([yaml.safe_load(block.replace("CLAIM", "home-ana"))])
    else:
        (file := tmp_path / "values.yaml").write_text(block, "utf-8")
        kubernetes_takes(helm.objects(file))


def test_both_languages_show_the_same_examples():
    assert [yaml.safe_load(b) for b in BLOCKS] == [yaml.safe_load(b) for b in blocks("operate.fr.md")]
