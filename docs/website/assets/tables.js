// A click on a table's head sorts by that column, numbers as numbers, times by their units; a second click turns it round.
(function () {
  const UNITS = { ms: 1e-3, s: 1, min: 60, h: 3600, day: 86400, days: 86400 };

  // What a cell is sorted by: a number (the first in it, thousands with commas), else its text; null where it is empty.
  function key(cell) {
    const text = cell ? cell.textContent.trim() : "";
    if (!text) return null;
    const found = text.match(/^[-+−]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?(?:\s*(ms|s|min|h|days?))?(?![\w-])/i);
    if (!found) return text.toLowerCase();
    const unit = UNITS[found[3]] || 1;
    return parseFloat(found[0].replace(/,/g, "").replace("−", "-")) * unit;
  }

  // Numbers before words, what is empty always last.
  function compare(a, b, turn) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a !== typeof b) return turn * (typeof a === "number" ? -1 : 1);
    return turn * (typeof a === "number" ? a - b : a.localeCompare(b));
  }

  // A line that continues the one above it, such as its reference, moves with it.
  function groups(body) {
    const found = [];
    for (const row of body.rows) {
      if (found.length && /^reference\b/.test(row.cells[0].textContent)) found[found.length - 1].push(row);
      else found.push([row]);
    }
    return found;
  }

  function sort(table, heads, column) {
    const head = heads[column];
    const turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
    const body = table.tBodies[0];
    groups(body)
      .map((rows) => ({ rows, key: key(rows[0].cells[column]) }))
      .sort((a, b) => compare(a.key, b.key, turn))
      .forEach((group) => group.rows.forEach((row) => body.appendChild(row)));
  }

  for (const table of document.querySelectorAll(".md-content table")) {
    const heads = table.tHead ? [...table.tHead.rows[0].cells] : [];
    if (!table.tBodies.length || table.tBodies[0].rows.length < 2 || !heads.some((head) => head.textContent.trim())) continue;
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.title = "sort by this column";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, heads, column));
      head.append(button);
    });
  }
})();
