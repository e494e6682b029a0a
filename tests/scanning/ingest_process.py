"""A process that takes scans in and can be killed: `python -m tests.scanning.ingest_process URL BLOBS EXAM PAPER PATH`.

It says "ready" when everything is imported, so that kills fall into the work and not into the start.
"""

import sys
from pathlib import Path

import models.records  # noqa: F401 - every table is known
from marking.setup.structure import find_paper
from models.blobs import FolderBlobs
from models.database import Database
from scanning.cards.store import load_cards
from scanning.dispatch.executor import SerialExecutor
from scanning.run import ScanContext, add


def main() -> None:
    url, folder, exam, paper, *paths = sys.argv[1:]
    database, blobs = Database(url), FolderBlobs(Path(folder))
    with database.read() as session:
        stored = find_paper(session, exam, paper)
        cards = load_cards(session, blobs, stored.id)
    context = ScanContext(stored.id, stored.exam.id, stored.paper, cards, stored.item_ids)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    add(database, blobs, context, [Path(path) for path in paths], operator="lin", executor=SerialExecutor())
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
