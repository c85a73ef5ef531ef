"use strict";
// Sorts and filters the tables. Without it every table still shows all of its rows.

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function compare(first, second, direction) {
  const a = first.dataset.sort;
  const b = second.dataset.sort;
  if (a !== undefined && b !== undefined) return direction * (Number(a) - Number(b));
  // What is unknown comes last, whichever way the column is sorted.
  if (a !== undefined || b !== undefined) return a === undefined ? 1 : -1;
  return direction * collator.compare(first.textContent, second.textContent);
}

function sort(table, header) {
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  for (const other of header.parentElement.cells) other.setAttribute("aria-sort", "none");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const body = table.tBodies[0];
  const column = header.cellIndex;
  const rows = Array.from(body.rows);
  rows.sort((a, b) => compare(a.cells[column], b.cells[column], ascending ? 1 : -1));
  body.append(...rows);
}

function filter(table, shown, wanted) {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = Array.from(table.tBodies[0].rows);
  let kept = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) kept += 1;
  }
  const all = rows.length === 1 ? "1 row" : `${rows.length.toLocaleString("en")} rows`;
  shown.textContent = words.length ? `${kept.toLocaleString("en")} of ${all}` : all;
}

for (const block of document.querySelectorAll("[data-table]")) {
  const table = block.querySelector("table");
  const shown = block.querySelector("[data-shown]");
  const input = block.querySelector("[data-filter]");
  for (const header of table.tHead.rows[0].cells) {
    header.querySelector("button").addEventListener("click", () => sort(table, header));
  }
  input.addEventListener("input", () => filter(table, shown, input.value));
}
