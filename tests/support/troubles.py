"""What goes wrong in a page while a test drives it: who reads of a failure may not have the picture."""

import time


class Troubles:
    """The errors of a page, the requests that failed and those without an answer, as text.

    Parameters
    ----------
    page : playwright.sync_api.Page
    """

    def __init__(self, page):
        self._page, self._begun, self._waiting, self._lines = page, time.monotonic(), {}, []
        page.on("console", lambda said: said.type == "error" and self._note(f"console: {said.text}"))
        page.on("pageerror", lambda error: self._note(f"error: {error}"))
        page.on("request", lambda request: self._waiting.update({request: self._since()}))
        page.on("requestfinished", lambda request: self._waiting.pop(request, None))
        page.on("requestfailed", self._failed)
        page.on("response", self._refused)

    def __str__(self) -> str:
        dialogs = [f"dialog: {text}" for text in self._page.locator("dialog").all_inner_texts()]
        waiting = [f"{begun:7.1f} s  no answer: {_of(request)}" for request, begun in self._waiting.items()]
        return "\n".join([f"{self._page.url}, from its opening on:", *self._lines, *waiting, *dialogs])

    def _since(self) -> float:
        return time.monotonic() - self._begun

    def _note(self, text: str) -> None:
        self._lines.append(f"{self._since():7.1f} s  {text}")

    def _failed(self, request) -> None:
        self._waiting.pop(request, None)
        self._note(f"{request.failure}: {_of(request)}")

    def _refused(self, answer) -> None:
        if answer.status >= 400:
            self._note(f"{answer.status}: {_of(answer.request)}")


def _of(request) -> str:
    return f"{request.method} {request.url.split('?')[0]}"
