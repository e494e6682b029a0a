// Tables marked `data-sortable` sort by a click on a heading. Numbers sort as numbers, empty cells stay last.

const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });

function keyOf(row, column) {
  const cell = row.cells[column];
  const text = (cell.dataset.value ?? cell.textContent).trim();
  const number = Number.parseFloat(text.replace(/[%\s]/g, ""));
  const isNumber = /^-?[\d.,]+\s*%?$/.test(text) && !Number.isNaN(number);
  return { text, number: isNumber ? number : null, empty: text === "" || text === "–" };
}

function compare(a, b) {
  if (a.number !== null && b.number !== null) return a.number - b.number;
  return collator.compare(a.text, b.text);
}

// Sort a table by a column, "ascending" or "descending".
export function order(table, column, wanted) {
  const direction = wanted === "descending" ? -1 : 1;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  table.tHead.rows[0].cells[column].setAttribute("aria-sort", wanted);
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({ row, key: keyOf(row, column) }));
  rows.sort((a, b) => Number(a.key.empty) - Number(b.key.empty) || direction * compare(a.key, b.key));
  body.append(...rows.map((each) => each.row));
}

// Give the headings of a table their buttons.
export function sortable(table) {
  Array.from(table.tHead.rows[0].cells).forEach((heading, column) => {
    if (heading.dataset.unsorted !== undefined) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () =>
      order(table, column, heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending"));
  });
}

for (const table of document.querySelectorAll("table[data-sortable]")) sortable(table);
