"""Numbers of shots that titles state: "MMLU (5-Shot)", "GSM8K 8-shot CoT", "zero-shot"."""

import re

_WORDS = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}
_SHOTS = re.compile(
    rf"[(\[,/]?\s*\b(?P<count>[0-9]{{1,3}}|{'|'.join(_WORDS)})"
    r"[- \u2010\u2011\u2013]?shots?\b\s*[)\]]?",
    re.IGNORECASE,
)


def without_shots(title: str) -> tuple[str, int | None]:
    """Return the title without its number of shots, and the number, None if it states none."""
    match = _SHOTS.search(title)
    if not match:
        return title, None
    count = match["count"].lower()
    rest = f"{title[: match.start()]} {title[match.end() :]}"
    return " ".join(rest.split()).strip(" /,-"), _WORDS[count] if count in _WORDS else int(count)
