// The board brings itself up to date: it fetches its own page and puts the new figures in place of the old ones, as long
// as nobody is in the middle of something there. Sorting and what is folded out stay as they were.

import { order, sortable } from "./tables.js";

const said = document.getElementById("board-at");
const every = Number(said?.dataset.every ?? 0) * 1000;

function sortings(root) {
  return Array.from(root.querySelectorAll("table[data-sortable]"), (table) => {
    const at = Array.from(table.tHead.rows[0].cells).findIndex((cell) => cell.hasAttribute("aria-sort"));
    return at < 0 ? null : [at, table.tHead.rows[0].cells[at].getAttribute("aria-sort")];
  });
}

async function refresh() {
  const old = document.querySelector("[data-live]");
  if (document.hidden || old.contains(document.activeElement) || !window.getSelection()?.isCollapsed) return;
  let page;
  try {
    const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    said.textContent = said.dataset.late;
    return;
  }
  const fresh = page.querySelector("[data-live]");
  if (!fresh || old.contains(document.activeElement)) return;
  const sorted = sortings(old);
  const scrolled = Array.from(old.querySelectorAll(".table"), (each) => [each.scrollLeft, each.scrollTop]);
  old.replaceChildren(...fresh.childNodes);
  old.querySelectorAll("table[data-sortable]").forEach((table, number) => {
    sortable(table);
    if (sorted[number]) order(table, ...sorted[number]);
  });
  old.querySelectorAll(".table").forEach((each, number) => {
    if (scrolled[number]) [each.scrollLeft, each.scrollTop] = scrolled[number];
  });
  const at = page.getElementById("board-at");
  said.textContent = at.textContent;
  said.dataset.late = at.dataset.late;
}

if (every) window.setInterval(refresh, every);
document.addEventListener("board:refresh", refresh); // for whoever cannot wait, tests above all
