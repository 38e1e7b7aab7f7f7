// SPDX-License-Identifier: GPL-2.0-or-later

import { textOf } from "./body.js";

const kPause = 120; // ms after the last key before a long list is searched
const gravest = ["crashed", "hung", "leaked", "failed", "errored", "flaky", "passed", "skipped"];

const orders = {
  plan: null,
  result: (a, b) => gravest.indexOf(a.dataset.result) - gravest.indexOf(b.dataset.result),
  took: (a, b) => b.dataset.took - a.dataset.took,
  guest: (a, b) => b.dataset.guest - a.dataset.guest,
};

/// Shows the cases that match the toolbar. Returns {reveal(case), show({results, words})}.
export function watchFilter(cases) {
  const form = document.getElementById("filter");
  if (!form) return { reveal() {}, show() {} };
  const list = document.getElementById("list");
  const words = document.getElementById("words");
  const tag = document.getElementById("tag");
  const order = document.getElementById("order");
  const shown = document.getElementById("shown");
  const openAll = document.getElementById("open-all");
  const boxes = [...form.querySelectorAll("input[name=result]")];
  const trends = [...form.querySelectorAll("input[name=trend]")];
  const texts = new Map(); // a case's text in lower case, after the first search

  const searched = (one) => {
    if (!texts.has(one)) texts.set(one, `${textOf(one)}\n${one.dataset.tags}\n${one.dataset.point}`.toLowerCase());
    return texts.get(one);
  };

  function wanted() {
    const results = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const changed = new Set(trends.filter((box) => box.checked).map((box) => box.value));
    const terms = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const only = tag?.value;
    return (one) =>
      (!results.size || results.has(one.dataset.result)) &&
      (!changed.size || (one.dataset.trend ?? "").split("\n").some((each) => changed.has(each))) &&
      (!only || one.dataset.tags.split("\n").includes(only)) &&
      terms.every((term) => searched(one).includes(term));
  }

  function apply() {
    const fits = wanted();
    let number = 0;
    for (const one of cases) {
      const fit = fits(one);
      one.hidden = !fit;
      if (fit) ++number;
    }
    shown.textContent = number === cases.length ? `${number} shown` : `${number} of ${cases.length} shown`;
  }

  function sort() {
    const by = orders[order.value];
    list.append(...(by ? [...cases].sort(by) : cases));
  }

  let pending = 0;
  words.addEventListener("input", () => {
    clearTimeout(pending);
    pending = setTimeout(apply, cases.length > 100 ? kPause : 0);
  });
  for (const box of [...boxes, ...trends]) box.addEventListener("change", apply);
  tag?.addEventListener("change", apply);
  order.addEventListener("change", sort);
  form.addEventListener("submit", (event) => event.preventDefault());
  openAll.addEventListener("click", () => {
    const visible = cases.filter((one) => !one.hidden);
    const open = !visible.every((one) => one.open);
    for (const one of visible) one.open = open;
    openAll.textContent = open ? "Close all" : "Open all";
  });
  form.hidden = false;
  // The toolbar must not cover the target of a scroll.
  new ResizeObserver(() => {
    const above = getComputedStyle(form).position === "sticky" ? form.offsetHeight : 0;
    document.documentElement.style.scrollPaddingTop = `${above + 8}px`;
  }).observe(form);
  apply();

  function clear() {
    for (const box of [...boxes, ...trends]) box.checked = false;
    if (tag) tag.value = "";
    words.value = "";
  }
  return {
    reveal(one) {
      if (!one.hidden) return;
      clear();
      apply();
    },
  };
}
