"""What makes two questions the same item, and two items the same problem."""

import hashlib
import re
import unicodedata


def item_uid(benchmark: str, prompt: str) -> str:
    """SHA-256 over "benchmark|prompt" in NFC, white space collapsed, in hexadecimal."""
    text = unicodedata.normalize("NFC", " ".join(f"{benchmark}|{prompt}".split()))
    return hashlib.sha256(text.encode()).hexdigest()


def problem_id(benchmark: str, prompt: str) -> str:
    """The uid of a prompt without case and numbers: with other numbers a problem stays the same."""
    return item_uid(benchmark, re.sub(r"\d+", "#", prompt.casefold()))
