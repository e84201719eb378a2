"""Chromium without a window, driven by chromium-driver over WebDriver's own protocol: no package is needed for it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from typing import Any

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--force-prefers-reduced-motion",
)  # fmt: skip
HARMLESS = ("INFO", "DEBUG")


class Browser:
    """One session of a browser whose pages are this wide and high.

    Raises:
        FileNotFoundError: there is no chromium, or no driver for it.
    """

    def __init__(self, width: int, height: int) -> None:
        missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
        if missing:
            raise FileNotFoundError(f"there is no {' and no '.join(missing)}: apt-get install chromium chromium-driver")
        self.width, self.height = width, height

    def __enter__(self) -> Browser:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._driver = subprocess.Popen(
            ["chromedriver", f"--port={port}", "--log-level=OFF"], stdout=subprocess.DEVNULL
        )
        self._at = f"http://127.0.0.1:{port}"
        self._wait()
        options = {
            "args": [*FLAGS, f"--user-data-dir={self._profile.name}"],
            "mobileEmulation": {
                "deviceMetrics": {
                    "width": self.width,
                    "height": self.height,
                    "pixelRatio": 1,
                    "mobile": self.width < 600,
                }
            },
        }
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._at += f"/session/{session['sessionId']}"
        self._ask("POST", "/timeouts", {"script": 110_000})
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait()
            self._profile.cleanup()

    def open(self, address: str) -> None:
        """Open a page and wait until it is loaded."""
        self._ask("POST", "/url", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script: str, *arguments: Any) -> Any:
        """What a script hands to its last argument, a function."""
        return self._ask("POST", "/execute/async", {"script": script, "args": list(arguments)})

    def console(self) -> list[str]:
        """What was written to the console since it was last asked, warnings and errors."""
        entries = self._ask("POST", "/se/log", {"type": "browser"})
        return [f"{entry['level']} {entry['message']}" for entry in entries if entry["level"] not in HARMLESS]

    def picture(self) -> str:
        """What is to be seen now, as PNG in base64."""
        return str(self._ask("GET", "/screenshot"))

    def _wait(self) -> None:
        for _ in range(100):
            try:
                if self._ask("GET", "/status")["ready"]:
                    return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("chromedriver does not answer")

    def _ask(self, method: str, path: str, given: dict[str, Any] | None = None) -> Any:
        body = None if given is None else json.dumps(given).encode()
        request = urllib.request.Request(self._at + path, body, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {json.load(error)['value']['message']}") from error
