"""What a test run leaves out, told at its end; with several processes, by the one that has the last word."""

import pytest

NOT_RUN = pytest.StashKey[list[str]]()


class Summary:
    """Collects the lines where the tests are collected, and prints them where the run ends."""

    def pytest_configure(self, config):
        config.stash[NOT_RUN] = []

    def pytest_sessionfinish(self, session):
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["not_run"] = session.config.stash[NOT_RUN]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error):
        told = node.config.stash[NOT_RUN]
        told += [line for line in getattr(node, "workeroutput", {}).get("not_run", []) if line not in told]

    def pytest_terminal_summary(self, terminalreporter, config):
        for line in config.stash[NOT_RUN]:
            terminalreporter.write_line(line)
