"""A document that breaks whoever opens it, page by page as its bytes say: ``POISON 1:ok 2:die 3:hang 4:ok``."""

import os
import time

import numpy as np

from scanning.intake.document import DocumentStart
from scanning.page.image import PageImage


def open_poisoned(source, limits, first=1):
    pages = [part.partition(":")[2] for part in source.decode().split()[1:]]
    if pages and pages[0] == "unopenable":
        os._exit(9)
    yield DocumentStart(len(pages))
    for number, what in enumerate(pages, start=1):
        if number < first:
            continue
        if what == "die":
            os._exit(9)
        if what == "hang":
            time.sleep(60)
        yield PageImage(np.full((100, 100), number, np.uint8))
