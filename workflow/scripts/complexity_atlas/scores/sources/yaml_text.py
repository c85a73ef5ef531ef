"""YAML of strangers, read as text: no types to fall for, no anchors to explode, no tags to run."""

import yaml

from complexity_atlas.scores.sources.reading import Unusable

MAX_DEPTH = 40

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Record(dict):
    """A mapping; `fault` says why it must not be used, and is None where it may be.

    Of a key that stands twice the first value is kept.
    """

    def __init__(self):
        super().__init__()
        self.fault: Unusable | None = None


def read_yaml(text: str) -> object:
    """Return the first document of a YAML text as Records, lists and strings.

    Every scalar stays the text of the file, so `no`, `12:30`, `1e-3` and dates are not turned into
    a boolean, a number of minutes, a string and a date. An absent value is "". Raises Unusable for
    text that is not YAML, anchors, aliases, explicit tags and nesting beyond MAX_DEPTH.
    """
    try:
        events = yaml.parse(text, Loader=Loader)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                return _node(next(events), events, 0)
    except yaml.YAMLError as error:
        raise Unusable("undecodable", f"not YAML: {error}") from None
    return ""


def _node(event, events, depth: int) -> object:
    if isinstance(event, yaml.AliasEvent) or event.anchor or _is_tagged(event):
        raise Unusable("unsafe_yaml", f"line {event.start_mark.line + 1}")
    if depth > MAX_DEPTH:
        raise Unusable("too_deep", f"line {event.start_mark.line + 1}")
    if isinstance(event, yaml.ScalarEvent):
        return event.value
    if isinstance(event, yaml.SequenceStartEvent):
        return list(_items(events, yaml.SequenceEndEvent, depth))
    return _record(events, depth)


def _is_tagged(event) -> bool:
    return event.tag is not None and event.tag != "!"


def _items(events, end, depth: int):
    for event in events:
        if isinstance(event, end):
            return
        yield _node(event, events, depth + 1)


def _record(events, depth: int) -> Record:
    record = Record()
    items = _items(events, yaml.MappingEndEvent, depth)
    for key in items:
        value = next(items)
        if not isinstance(key, str):
            record.fault = Unusable("broken_record", "a key that is no text")
        elif key in record:
            record.fault = Unusable("duplicate_key", key)
        else:
            record[key] = value
    return record


def refuse_faults(value: object) -> None:
    """Raise the fault of a record, or of one within it."""
    if isinstance(value, Record) and value.fault:
        raise value.fault
    if isinstance(value, (dict, list)):
        for child in value.values() if isinstance(value, dict) else value:
            refuse_faults(child)
