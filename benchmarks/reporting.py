"""What every benchmark does at its end: its results as a file, its gates as lines."""

import csv
import re
import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

Gate = tuple[bool, str]
"""Whether it is reached, and what it is."""


def write_csv(results: Sequence, path: Path) -> None:
    """One row per result (a data class); the file appears only when it is whole."""
    from complexity_atlas.contracts import replacing  # not in processes whose memory is measured

    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        names = [field.name for field in fields(results[0])]
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(result) for result in results)


def report(must: Sequence[Gate], aims: Sequence[Gate] = ()) -> bool:
    """Print what must hold and what is aimed at; whether all of the former does."""
    for passed, text in must:
        print("PASS" if passed else "FAIL", text)
    for reached, text in aims:
        print("aim reached:" if reached else "aim missed:", text)
    return all(passed for passed, _ in must)


def peak_megabytes() -> float:
    """Most memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage also tells of the process that started this one
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
