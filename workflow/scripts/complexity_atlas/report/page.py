"""The tables and pictures of a study as one HTML page, and that page as a file."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from complexity_atlas.contracts import replacing
from complexity_atlas.figures.selection import variant_label
from complexity_atlas.report import answers, words, zoo
from complexity_atlas.report.inputs import ReportInputs
from complexity_atlas.report.sections import sections

_HERE = Path(__file__).parent


def write_report(inputs: ReportInputs, path: Path) -> None:
    """Write the page to `path`; it appears there only when it is whole."""
    page = build_report(inputs)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def build_report(inputs: ReportInputs) -> str:
    """Return the page as HTML: the same text for the same inputs.

    Names from tables are escaped, addresses become links only when they are http or https, and a
    content security policy forbids every request and every script but the page's own. Raises
    AtlasError when a picture is missing or damaged.
    """
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("template.html.j2").render(
        question=_question(inputs),
        answer=answers.verdict_sentences(inputs.verdict, inputs.benchmarks, inputs.settings),
        sections=sections(inputs),
        variants=[(variant_label(name), name, rule) for name, rule in inputs.variants.items()],
        settings=inputs.settings,
        words=words,
        versions=inputs.versions,
        style=Markup(style),
        script=Markup(script),
        style_hash=_policy_hash(style),
        script_hash=_policy_hash(script),
    )


def _question(inputs: ReportInputs) -> list[str]:
    asked = answers.question_sentences(inputs.models, inputs.scores, inputs.benchmarks)
    return [*asked, *([zoo.lead(inputs.zoo.scores)] if inputs.zoo else [])]


def _policy_hash(content: str) -> str:
    """The source expression by which a content security policy admits one inline element."""
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")
