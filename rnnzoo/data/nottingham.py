"""Nottingham: 1,037 British folk tunes with their chords, a frame an eighth note.

N. Boulanger-Lewandowski, Y. Bengio, P. Vincent, 2012, arXiv:1206.6392; the tunes are of E. Foxley's collection.
"""

from __future__ import annotations

from typing import ClassVar

from rnnzoo.data._music import URL, MusicData
from rnnzoo.registry import DATA


@DATA.register(
    "nottingham",
    description="1,037 folk tunes with chords as piano rolls, a frame an eighth (Boulanger-Lewandowski et al. 2012)",
    kind="frames",
    licence="not stated; research use, citing Boulanger-Lewandowski et al. 2012",
    source=f"{URL}/Nottingham.mat",
)
class Nottingham(MusicData):
    """The next frame of a folk tune: 694 to train on, 173 for validation, 170 to test.

    Two of those to train on are there again, one for validation and one to test.

    Takes ``Nottingham.mat`` from ``dir`` (or, without it, ``$RNNZOO_DATA`` and the cache), else downloads it. All
    pieces have been moved to a common tonic by those who published them, so that most are in C.

    Args:
        condition: "key": the key and mode of a piece, estimated from it, come with it; "none": nothing does.
        first_frame: a silent frame is put before each piece, so that its first frame is told too, and a model can begin
            from nothing; published numbers are without.
        window: training pieces are cut into rows of at most so many steps, which begin afresh; ``None``: none is cut.
        transpose: every training piece is there in all transpositions of up to so many semitones down and up.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the file, if not the usual places.
        download: whether the file may be fetched.

    Raises:
        UnknownName: no such condition.
        ValueError: a number outside what is said here, or pieces that a transposition moves off the keys.
    """

    folder = "nottingham"
    files: ClassVar[dict[str, str]] = {
        "Nottingham.mat": "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea"
    }
    frames_per_quarter = 2
