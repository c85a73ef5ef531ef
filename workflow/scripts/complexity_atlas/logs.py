"""Log lines and progress bars that read well on a terminal and in a file."""

import logging
import sys
from collections.abc import Callable

from tqdm import tqdm


def start_logging(path: str | None = None) -> None:
    """Send log lines to `path`, or to standard error when it is not given."""
    target = (
        {"filename": path, "filemode": "w", "encoding": "utf-8"} if path else {"stream": sys.stderr}
    )
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True, **target
    )
    logging.captureWarnings(True)


def byte_progress(label: str) -> Callable[[int], Callable[[int], object]]:
    """Make a progress bar of bytes, rate and time left; a line every ten seconds in a file."""

    def start(total: int) -> Callable[[int], object]:
        bar = tqdm(
            total=total,
            desc=label,
            unit="B",
            unit_scale=True,
            file=sys.stderr,
            mininterval=0.2 if sys.stderr.isatty() else 10,
            dynamic_ncols=True,
        )

        def advance(count: int) -> None:
            bar.update(count)
            if bar.n >= total:
                bar.close()

        return advance

    return start
