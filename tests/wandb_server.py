"""A server of Weights & Biases for tests, on this machine: it takes what it is sent, or fails as it is told to."""

import gzip
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "0123456789" * 4

ARTIFACT = {
    "__typename": "Artifact", "id": "a", "versionIndex": 0, "artifactType": {"name": "dataset"}, "description": None,
    "artifactSequence": {
        "__typename": "ArtifactSequence", "name": "data",
        "project": {"id": "p", "internalId": "p", "name": "rnnzoo", "entity": {"name": "me"}},
    },
    "metadata": "{}", "ttlDurationSeconds": -2, "ttlIsInherited": True, "tags": [], "historyStep": None,
    "state": "COMMITTED", "size": 1, "digest": "d", "commitHash": "c", "fileCount": 1,
    "createdAt": "2026-01-01T00:00:00", "updatedAt": None, "aliases": [],
}  # fmt: skip
"""One that is there already, as the client wants to hear of it."""


class Server(ThreadingHTTPServer):
    """Keeps the lines of each run's history under its id.

    Attributes:
        failure: None, an HTTP status, or "hang": takes a request and never answers.
        in_mid_run: begin with ``failure`` once a run has been started, not at once.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, failure=None, in_mid_run=False):
        super().__init__(("127.0.0.1", 0), Handler)
        self.failure, self.in_mid_run = failure, in_mid_run
        self.history, self.runs, self.operations, self.released = {}, {}, [], threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def failing(self):
        return self.failure is not None and (bool(self.runs) or not self.in_mid_run)

    def handle_error(self, request, client_address):
        """A client that has gone is no error of the test."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Nothing to the terminal."""

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.server.failing():
            if self.server.failure == "hang":
                self.server.released.wait(120)
                return
            self.reply({"error": "no"}, self.server.failure)
            return
        body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        if self.path.startswith("/graphql"):
            query = json.loads(body)
            operation = re.search(r"(?:query|mutation)\s+(\w+)", query["query"]).group(1)
            self.server.operations.append(operation)
            self.reply({"data": self.data(operation, query.get("variables") or {})})
        elif self.path.endswith("/file_stream"):
            run = self.path.split("/")[-2]
            sent = (json.loads(body).get("files") or {}).get("wandb-history.jsonl")
            if sent:
                lines = self.server.history.setdefault(run, [])
                lines[sent["offset"] :] = [json.loads(line) for line in sent["content"]]
            self.reply({})
        else:
            self.reply({})

    do_GET = do_POST = do_PUT = answer

    def data(self, operation, variables):
        project = {"id": "p", "name": "rnnzoo", "entity": {"id": "e", "name": "me"}}
        if operation == "UpsertBucket":
            run = variables["name"]
            self.server.runs.setdefault(run, []).append(variables)
            bucket = {"id": "s", "name": run, "displayName": run, "description": "", "config": "{}", "sweepName": None}
            return {"upsertBucket": {"bucket": {**bucket, "project": project, "historyLineCount": 0}, "inserted": True}}
        if operation == "RunResumeStatus":
            run = variables["name"]
            lines = self.server.history.get(run)
            if not lines:
                return {"model": {**project, "bucket": None}}
            bucket = {"id": "s", "name": run, "displayName": run, "config": "{}", "summaryMetrics": "{}", "tags": []}
            bucket |= {"historyLineCount": len(lines), "eventsLineCount": 0, "logLineCount": 0, "notes": ""}
            bucket |= {"historyTail": json.dumps([json.dumps(lines[-1])]), "eventsTail": "[]"}
            started = json.dumps({"t": {"value": 1}})  # without it the run counts as not begun
            return {"model": {**project, "bucket": {**bucket, "wandbConfig": started}}}
        if operation == "CreateRunFiles":
            files = [{"name": name, "uploadUrl": f"{self.server.url}/upload/{name}"} for name in variables["files"]]
            return {"createRunFiles": {"runID": "s", "uploadHeaders": [], "files": files}}
        if operation == "Viewer":
            return {"viewer": {"id": "u", "entity": "me", "username": "me", "flags": "{}", "teams": {"edges": []}}}
        if operation == "ArtifactType":
            return {"project": {"artifact": None}}
        if operation == "CreateArtifact":
            # as if the same content were there already: nothing is to be uploaded
            sequence = {"id": "q", "latestArtifact": {"id": "a", "versionIndex": 0}}
            return {"createArtifact": {"artifact": {"id": "a", "state": "COMMITTED", "artifactSequence": sequence}}}
        if operation == "ArtifactByID":
            return {"artifact": ARTIFACT}
        if operation == "OrganizationCoreWeaveOrganizationID":
            return {"entity": {"organization": {"coreWeaveOrganizationId": None}}}
        return {}

    def reply(self, content, status=200):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(failure=None, in_mid_run=False):
    """A server that runs meanwhile."""
    server = Server(failure, in_mid_run)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
