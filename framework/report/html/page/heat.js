// SPDX-License-Identifier: GPL-2.0-or-later
// The table of plans by CPUs, with any other variable of the matrix as columns, and by time instead of result.
import { duration } from "./numbers.js";

const gravest = ["crashed", "hung", "leaked", "failed", "errored", "flaky", "passed", "skipped"];
const marks = new Map();

function pointOf(one) {
  const entries = one.dataset.point.split("\n").filter(Boolean).map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return new Map(entries);
}

function compare(a, b) {
  const [x, y] = [Number(a), Number(b)];
  if (Number.isFinite(x) && Number.isFinite(y)) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function select(label, options) {
  const box = element("label");
  box.append(element("span", {}, label));
  const list = element("select");
  for (const [value, text] of options) list.append(element("option", { value }, text));
  box.append(list);
  return [box, list];
}

function cellOf(cell, plan, column, colour, longest) {
  const td = element("td");
  if (!cell.length) {
    td.className = "none";
    td.append(element("span", { class: "hidden" }, "no case"));
    return td;
  }
  const worst = gravest.find((result) => cell.some((one) => one.dataset.result === result));
  const number = cell.filter((one) => one.dataset.result === worst).length;
  const count = cell.length === 1 ? "" : ` ${number}/${cell.length}`;
  const target = cell.find((one) => one.dataset.result === worst);
  const link = element("a", { href: `#${target.id}` });
  const time = colour === "result" ? 0 : median(cell.map((one) => Number(one.dataset[colour])));
  link.title = `${plan} × ${column}:${count} ${worst}, median ${duration(median(cell.map((one) => Number(one.dataset.took))))}`;
  link.append(element("span", { "aria-hidden": "true" }, marks.get(worst)));
  if (colour === "result") {
    td.className = worst;
    link.append(element("span", { class: "word" }, worst + count));
  } else {
    td.className = `heat-${Math.min(5, Math.ceil((time / (longest || 1)) * 5))}`;
    link.append(element("span", { class: "hidden" }, worst), element("span", { class: "word" }, duration(time)));
  }
  td.append(link);
  return td;
}

/// Adds controls above the table: the variable of the columns, and the meaning of the cells' colours.
export function watchHeatMap(cases) {
  const table = document.getElementById("heat");
  if (!table) return;
  for (const one of cases) marks.set(one.dataset.result, one.querySelector(".mark").textContent);
  const points = new Map(cases.map((one) => [one, pointOf(one)]));
  const axes = new Map();
  for (const point of points.values()) {
    for (const [name, value] of point) axes.set(name, (axes.get(name) ?? new Set()).add(value));
  }
  const names = [...axes.keys()].filter((name) => name === "cpus" || axes.get(name).size > 1);
  if (!names.includes("cpus")) names.unshift("cpus");
  const tools = element("div", { class: "tools" });
  const [columnBox, column] = select("Columns", names.map((name) => [name, name === "cpus" ? "CPUs" : name]));
  const [colourBox, colour] = select("Colour", [["result", "result"], ["took", "wall time"], ["guest", "guest time"]]);
  column.value = "cpus";
  tools.append(columnBox, colourBox);
  table.closest(".scroll").before(tools);
  const first = [...table.children];

  function draw() {
    if (column.value === "cpus" && colour.value === "result") {
      table.replaceChildren(...first);
      return;
    }
    const axis = column.value;
    const rows = new Map();
    const columns = new Set();
    for (const [one, point] of points) {
      const value = point.get(axis) ?? "–";
      const row = rows.get(one.dataset.plan) ?? new Map();
      row.set(value, [...(row.get(value) ?? []), one]);
      rows.set(one.dataset.plan, row);
      columns.add(value);
    }
    const inOrder = [...columns].sort(compare);
    let longest = 0;
    for (const row of rows.values()) {
      for (const cell of row.values()) longest = Math.max(longest, median(cell.map((one) => Number(one.dataset[colour.value] ?? 0))));
    }
    const head = element("tr");
    head.append(element("th", { scope: "col" }, "Plan"));
    for (const value of inOrder) {
      head.append(element("th", { scope: "col" }, axis === "cpus" ? `${value} ${value === "1" ? "CPU" : "CPUs"}` : `${axis} ${value}`));
    }
    const body = element("tbody");
    for (const plan of [...rows.keys()].sort()) {
      const tr = element("tr");
      tr.append(element("th", { scope: "row" }, plan));
      for (const value of inOrder) {
        tr.append(cellOf(rows.get(plan).get(value) ?? [], plan, `${axis} ${value}`, colour.value, longest));
      }
      body.append(tr);
    }
    const thead = element("thead");
    thead.append(head);
    table.replaceChildren(thead, body);
  }
  column.addEventListener("change", draw);
  colour.addEventListener("change", draw);
}
