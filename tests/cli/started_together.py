"""``python started_together.py FOLDER ARGUMENTS``: rnnzoo, in which only the first of several processes may write.

A process that opens a file below FOLDER for writing, or moves or removes one there, and isn't the first ends with 9.
"""

import os
import sys

FOLDER = os.path.realpath(sys.argv[1])
RANK = int(os.environ.get("RANK") or os.environ.get("SLURM_PROCID", 0))
CHANGES = ("os.rename", "os.remove", "os.truncate", "os.link")


def watch(event, arguments):
    """An audit hook: Python calls it before it opens, moves or removes a file."""
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if not (writes or event in CHANGES) or not isinstance(arguments[0], (str, bytes, os.PathLike)):
        return
    if event == "os.remove" and arguments[1] != -1:  # of a folder that was opened: a temporary one's end
        return
    if os.path.realpath(os.fsdecode(arguments[0])).startswith(FOLDER + os.sep):
        os.write(2, f"process {RANK} wrote: {event} {arguments}\n".encode())
        os._exit(9)


if __name__ == "__main__":
    if RANK:
        sys.addaudithook(watch)
    from rnnzoo.cli import main

    sys.exit(main(sys.argv[2:]))
