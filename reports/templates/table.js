"use strict";
(() => {
  const table = document.getElementById("file-table");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const filter = document.getElementById("filter");
  const state = document.getElementById("filter-state");
  const shown = document.getElementById("shown");
  const names = rows.map((row) => row.cells[2].textContent.toLowerCase());
  const lines = new Map(rows.map((row, i) => [row, i]));

  const apply = () => {
    const wanted = filter.value.trim().toLowerCase();
    let count = 0;
    rows.forEach((row, i) => {
      const keep = names[i].includes(wanted) && (!state.value || row.dataset.state === state.value);
      if (row.hidden === keep) row.hidden = !keep;
      count += keep;
    });
    shown.textContent = shown.dataset.template.replace("{shown}", count).replace("{n}", rows.length);
  };

  const value = (row, column, kind) => {
    const cell = row.cells[column];
    if (kind === "text") return cell.textContent.trim().toLowerCase();
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  };

  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);

  const sort = (heading) => {
    const { cellIndex: column, dataset: { sort: kind } } = heading;
    const down = heading.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = rows.map((row) => [value(row, column, kind), row]);
    keyed.sort(([a, x], [b, y]) => {
      if (a === null || b === null) return (a === null) - (b === null) || lines.get(x) - lines.get(y);
      return (down ? -1 : 1) * compare(a, b) || lines.get(x) - lines.get(y);
    });
    body.append(...keyed.map(([, row]) => row));
  };

  table.querySelectorAll("th[data-sort]").forEach((heading) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sort(heading));
  });
  filter.addEventListener("input", apply);
  state.addEventListener("change", apply);
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("controls").hidden = false;
  apply();
})();
