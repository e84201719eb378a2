"""Files that are fetched or built once and kept, whoever is killed meanwhile."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from victims import Victim
from windows import Teller, widen_writes

from rnnzoo.data import _cache, _files


class Cache(Victim):
    """Arrays that are built and kept, one file after another."""

    window = 0.4

    def prepare(self, pipe: int, widened: bool) -> None:
        """Write slowly."""
        if widened:
            widen_writes(Teller(pipe), "")

    def work(self, folder: Path) -> None:
        """Have them all."""
        os.environ["RNNZOO_CACHE"] = str(folder)
        for number in range(4):
            _cache.cached("stress", {"number": number}, partial(self._build, number))

    def _build(self, number: int) -> dict[str, np.ndarray]:
        time.sleep(0.02)
        return {"a": np.random.default_rng(number).standard_normal((50, 50)), "b": np.arange(number + 1)}

    def result(self, folder: Path) -> Any:
        """What lies there, which nobody builds again."""
        os.environ["RNNZOO_CACHE"] = str(folder)

        def refuse() -> Any:
            raise RuntimeError("built again")

        kept = [_cache.cached("stress", {"number": number}, refuse) for number in range(4)]
        names = sorted(path.name for path in folder.rglob("*") if path.suffix != ".lock")
        return [[(name, array.tobytes()) for name, array in arrays.items()] for arrays in kept], names

    def broken(self, folder: Path) -> list[str]:
        """Arrays that cannot be read."""
        wrong = []
        for path in folder.rglob("*.npz"):
            try:
                with np.load(path, allow_pickle=False) as file:
                    _ = [file[name] for name in file.files]
            except Exception as error:
                wrong.append(f"{path}: {error}")
        return wrong


class Download(Victim):
    """Files from a server that sends them slowly."""

    window = 0.5
    content = bytes(range(256)) * 512

    def __enter__(self) -> Download:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Slowly, self.content))
        self._address = f"http://127.0.0.1:{server.server_port}"
        self._server = os.fork()  # a process of its own: a thread would be there in every fork
        if self._server == 0:
            server.serve_forever()
        server.server_close()
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._server, 9)
        os.waitpid(self._server, 0)

    def work(self, folder: Path) -> None:
        """Have both files."""
        for name in ("one.bin", "two.bin"):
            _files.fetch(f"{self._address}/{name}", folder / name, hashlib.sha256(self.content).hexdigest())

    def result(self, folder: Path) -> Any:
        """What lies there."""
        return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}

    def left(self, folder: Path) -> Iterator[str]:
        """A folder of a download."""
        if any(path.is_file() for path in folder.glob(".*.part/*")):
            yield "half a file"

    def broken(self, folder: Path) -> list[str]:
        """Files that are not the official ones."""
        return [f"{path} is not whole" for path in folder.glob("*.bin") if path.read_bytes() != self.content]


class Slowly(BaseHTTPRequestHandler):
    """Sends the content in pieces."""

    def __init__(self, content: bytes, *arguments: Any) -> None:
        self.content = content
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Send it."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # who asked was killed
            for start in range(0, len(self.content), 8192):
                self.wfile.write(self.content[start : start + 8192])
                time.sleep(0.01)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
