// Tables that are sorted by a click on a column's head, and filtered by kind of recurrence and by name.
"use strict";

const stripe = (body) => {
  let odd = false;
  for (const line of body.rows) {
    if (line.hidden) continue;
    line.classList.toggle("odd", odd);
    odd = !odd;
  }
};

// what a line is sorted by: a number, text in lower case, or null where the cell is empty
const keyOf = (line, column, numeric) => {
  const cell = line.cells[column];
  if (numeric && cell.dataset.value !== undefined) return Number(cell.dataset.value);
  return cell.textContent.trim().toLowerCase() || null;
};

// cells that say nothing stand last, whichever way the others are; numbers stand before words
const compare = (a, b, sign) => {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return sign * (typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true }));
};

const sortBy = (table, head, column) => {
  const numeric = head.classList.contains("number");
  const first = numeric ? "descending" : "ascending";
  const second = numeric ? "ascending" : "descending";
  const way = head.getAttribute("aria-sort") === first ? second : first;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", way);
  const body = table.tBodies[0];
  const lines = Array.from(body.rows, (line) => [keyOf(line, column, numeric), line]);
  lines.sort(([a], [b]) => compare(a, b, way === "ascending" ? 1 : -1));
  body.append(...lines.map(([, line]) => line));
  stripe(body);
};

const sortable = (table) => {
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(table, head, column));
    head.append(button);
  });
  stripe(table.tBodies[0]);
};

const filtered = (form) => {
  const body = form.parentElement.querySelector("tbody");
  const boxes = Array.from(form.querySelectorAll("input[type=checkbox]"));
  const field = form.querySelector("input[type=search]");
  const told = form.querySelector("output");
  const apply = () => {
    const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const names = field.value.toLowerCase().split(/[\s,]+/).filter(Boolean);
    let shown = 0;
    for (const line of body.rows) {
      const name = line.cells[0].textContent.toLowerCase();
      const kind = line.dataset.kind;
      line.hidden = Boolean(kind && !kinds.has(kind)) || (names.length > 0 && !names.some((part) => name.includes(part)));
      shown += !line.hidden;
    }
    told.textContent = `${shown} of ${body.rows.length} lines`;
    stripe(body);
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply(); // a browser that goes back keeps what was chosen
};

document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll("form.filter").forEach(filtered);
