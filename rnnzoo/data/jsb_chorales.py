"""JSB chorales: 382 four-part chorales by J. S. Bach, a frame a quarter note.

N. Boulanger-Lewandowski, Y. Bengio, P. Vincent, 2012, arXiv:1206.6392; the split of M. Allan, C. Williams, 2005.
"""

from __future__ import annotations

from typing import ClassVar

from rnnzoo.data._music import URL, MusicData
from rnnzoo.registry import DATA


@DATA.register(
    "jsb_chorales",
    description="382 chorales by Bach as piano rolls, a frame a quarter note (Boulanger-Lewandowski et al. 2012)",
    kind="frames",
    licence="not stated; the compositions are in the public domain",
    source=f"{URL}/JSB_Chorales.mat",
)
class JSBChorales(MusicData):
    """The next chord of a chorale: 229 to train on, 76 for validation, 77 to test.

    Takes ``JSB_Chorales.mat`` from ``dir`` (or, without it, ``$RNNZOO_DATA`` and the cache), else downloads it. All
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

    folder = "jsb_chorales"
    files: ClassVar[dict[str, str]] = {
        "JSB_Chorales.mat": "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4"
    }
    frames_per_quarter = 1
