"""A table's comparison in Weights & Biases: its lines as a table, and its pictures."""

from __future__ import annotations

from pathlib import Path

from rnnzoo.bench.wandb_run import bounded, finish_session, seconds, start_wandb


def log_report(
    mode: str, folder: Path, table: str, headings: list[str], lines: list[tuple[str, ...]], pictures: dict[str, Path]
) -> None:
    """Send a table's lines and pictures to Weights & Biases, as a run of its own in the table's group."""
    if mode == "off":
        return
    folder.mkdir(parents=True, exist_ok=True)
    session = start_wandb(mode, folder, group=table, name=f"{table}-report", config={}, job_type="report")
    if session is None:
        return

    def send() -> None:
        import wandb

        images = {name: wandb.Image(str(path)) for name, path in pictures.items()}
        session.log({"table": wandb.Table(columns=[*headings], data=[list(line) for line in lines]), **images})

    bounded("did not take the report", send, seconds("WANDB_FINISH_TIMEOUT"))
    finish_session(session)
