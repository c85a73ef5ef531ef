"""Where the parsers' fixtures are, and how tests look at what parsers return."""

from pathlib import Path

from hypothesis import settings

from complexity_atlas.scores.sources import PARSERS

fuzz = settings(max_examples=60, deadline=None)

FIXTURES = Path(__file__).parents[2] / "data" / "scores"


def parse(kind, content, name="file", **settings):
    data = content.encode() if isinstance(content, str) else content
    return PARSERS[kind](data, name, **settings)


def parse_fixture(kind, path, name=None, **settings):
    return parse(kind, (FIXTURES / path).read_bytes(), name or path, **settings)


def by_locator(parsed):
    return {row.locator: row for row in parsed.reported}


def reasons(parsed):
    return {reject.locator: reject.reason for reject in parsed.rejects}
