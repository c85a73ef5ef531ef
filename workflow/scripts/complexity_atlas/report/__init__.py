"""The page that answers the question: one self-contained HTML file that asks nothing of the net.

`build_report` turns tables and pictures into the page's text, `write_report` puts it into a file.
`sections` says what stands where, `answers` and `evidence` hold the sentences, `tables` the tables.
"""

from complexity_atlas.report.inputs import ReportInputs
from complexity_atlas.report.page import build_report, write_report

__all__ = ["ReportInputs", "build_report", "write_report"]
