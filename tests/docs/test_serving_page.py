"""docs/serving.md: its service, asked over HTTP, answers as the model itself does."""

from fastapi.testclient import TestClient
from pages import ROOT, files_shown

import rnnzoo

PAGE = ROOT / "docs" / "serving.md"


def test_the_service_answers_as_the_model_and_says_what_is_wrong():
    app = files_shown(PAGE)["app.py"]
    assert len(app.splitlines()) <= 20
    made = {"__name__": "app"}
    exec(app, made)
    client = TestClient(made["app"])
    texts = ["a wonderful film", "dreadful, the worst of all"]
    answer = client.post("/predict", json={"texts": texts})
    assert answer.status_code == 200
    assert answer.json() == [one._asdict() for one in rnnzoo.load_pretrained("imdb-bilstm").predict(texts)]
    refused = client.post("/predict", json={"texts": [""]})
    assert refused.status_code == 422
    assert "expected" in refused.json()["detail"]
