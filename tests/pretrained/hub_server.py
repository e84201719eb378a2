"""A local server that answers the few requests huggingface_hub makes to load a model and to commit one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer:
    """Repositories in memory: ``repositories["org/name"]["config.json"] = bytes``."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fetched(self) -> set[str]:
        """Names of the files that were asked for."""
        return {line.rpartition("/")[2] for line in self.requests if "/resolve/" in line}


def _etag(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._file(body=False)

        def do_GET(self) -> None:
            path = self._path()
            if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/[^/]+)?", path):
                if found[1] not in hub.repositories:
                    return self._missing()
                names = [{"rfilename": name} for name in hub.repositories[found[1]]]
                self._json({"id": found[1], "sha": COMMIT, "siblings": names})
            elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/[^/]+/?", path):
                files = hub.repositories[found[1]].items()
                self._json([{"type": "file", "path": n, "size": len(c), "oid": _etag(c)} for n, c in files])
            else:
                self._file(body=True)

        def do_POST(self) -> None:
            path = self._path()
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if path == "/api/repos/create":
                request = json.loads(body)
                name = f"{request['organization']}/{request['name']}" if "organization" in request else request["name"]
                if name in hub.repositories:
                    return self._json({"error": "exists", "url": f"{hub.address}/{name}"}, 409)
                hub.repositories[name] = {}
                self._json({"url": f"{hub.address}/{name}"})
            elif "/preupload/" in path:
                files = json.loads(body)["files"]
                modes = [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in files]
                self._json({"files": modes})
            elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/[^/]+", path):
                for line in map(json.loads, body.splitlines()):
                    if line["key"] == "file":
                        content = base64.b64decode(line["value"]["content"])
                        hub.repositories[found[1]][line["value"]["path"]] = content
                self._json({"commitUrl": f"{hub.address}/{found[1]}/commit/{COMMIT}", "commitOid": COMMIT})
            else:
                self._json({"valid": True})  # validate-yaml of the model card

        def _path(self) -> str:
            hub.requests.append(f"{self.command} {self.path}")
            return unquote(urlsplit(self.path).path)

        def _file(self, *, body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            if not body:
                hub.requests.append(f"{self.command} {self.path}")
            found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)
            if not found or found[2] not in hub.repositories.get(found[1], {}):
                return self._missing()
            content = hub.repositories[found[1]][found[2]]
            self._answer(200, content, "application/octet-stream", body)

        def _missing(self) -> None:
            self._answer(404, b"{}", "application/json", self.command != "HEAD", {"X-Error-Code": "RepoNotFound"})

        def _json(self, content: object, status: int = 200) -> None:
            self._answer(status, json.dumps(content).encode(), "application/json", True)

        def _answer(
            self, status: int, content: bytes, kind: str, body: bool, headers: dict[str, str] | None = None
        ) -> None:
            self.send_response(status)
            facts = {"Content-Type": kind, "Content-Length": str(len(content)), "X-Repo-Commit": COMMIT}
            for key, value in (facts | {"ETag": f'"{_etag(content)}"'} | (headers or {})).items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

    return Handler
