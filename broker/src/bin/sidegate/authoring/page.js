"use strict";
const filter = document.getElementById("filter");
const detail = document.getElementById("detail");
const boxes = [...document.querySelectorAll(".controls input[type=checkbox]")];
const heads = [...document.querySelectorAll("thead th")].slice(1);
const rows = [...document.querySelectorAll("tbody tr")];

function show() {
  const text = filter.value.trim().toLowerCase();
  const on = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const has = (node) => node.textContent.toLowerCase().includes(text);
  const columns = heads.map(has);
  const anyColumn = columns.includes(true);
  for (const row of rows) {
    const mine = has(row.cells[0]);
    row.hidden = !mine && !anyColumn;
    [...row.cells].slice(1).forEach((cell, at) => {
      cell.hidden = !columns[at] && anyColumn && !rows.some((one) => has(one.cells[0]));
      cell.classList.toggle("off", !on.has(cell.className.split(" ")[0]));
    });
  }
  heads.forEach((head, at) => {
    head.hidden = !columns[at] && anyColumn && !rows.some((one) => has(one.cells[0]));
  });
}

filter.addEventListener("input", show);
boxes.forEach((box) => box.addEventListener("change", show));
document.querySelector("tbody").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  document.querySelectorAll("[aria-pressed]").forEach((one) => one.removeAttribute("aria-pressed"));
  button.setAttribute("aria-pressed", "true");
  const title = document.createElement("h2");
  title.textContent = button.dataset.title;
  const words = document.createElement("pre");
  words.textContent = button.dataset.words;
  detail.replaceChildren(title, words);
});
