"""Small notebooks to run."""

import nbformat
import pytest
from nbformat import v4

PARAMETERS = """\
year: int = 1992  # the survey
factor = 0.5
name = "a=b"
bands = [1,
         2]
flag = True
"""


@pytest.fixture
def notebook(tmp_path):
    """A function that writes a notebook of the given cells; a text that starts with `# ` is prose."""

    def write(*sources, name="survey.ipynb", parameters=PARAMETERS, kernel=None):
        cells = [v4.new_markdown_cell(s) if s.startswith("# ") else v4.new_code_cell(s) for s in sources]
        if parameters:
            cells.insert(0, v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
        metadata = {"kernelspec": {"name": kernel, "display_name": kernel}} if kernel else {}
        path = tmp_path / name
        nbformat.write(v4.new_notebook(cells=cells, metadata=metadata), path)
        return path

    return write


@pytest.fixture
def english(monkeypatch):
    monkeypatch.setenv("ODATIS_LANG", "en")
