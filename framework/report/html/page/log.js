// SPDX-License-Identifier: GPL-2.0-or-later
// The whole kernel log of a case, linked to its timeline: lines out of the timeline's window fade, the line below the
// pointer is marked, and a mark on the timeline leads to its line.
import { element } from "./controls.js";

const kMost = 20_000; // lines; further ones stay as they are in the page

function stamp(time) {
  const [whole, part] = (time / 1e9).toFixed(6).split(".");
  return `[${whole.padStart(5)}.${part}]`;
}

function shownText(text) {
  // Escape like framework/report/html/markup.cpp.
  // eslint-disable-next-line no-control-regex
  return text
    .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]/g, (c) => `\\u{${c.charCodeAt(0).toString(16).padStart(4, "0")}}`);
}

function rows(data) {
  const lines = data.log.map((line) => ({ time: line.time, level: line.level, text: `${stamp(line.time)} ${shownText(line.text)}` }));
  const steps = data.steps.map((step) => ({ time: step.begin, text: `── step ${step.number}: ${step.text} `, step: true }));
  return [...lines, ...steps].sort((a, b) => a.time - b.time || (a.step ? -1 : 1));
}

function kindOf(row) {
  if (row.step) return "mk";
  return row.level <= 3 ? "le" : row.level === 4 ? "lw" : "li";
}

export function lineUp(one, data, timeline) {
  const log = one.querySelector("pre.log[aria-label='kernel log']");
  if (!log || !data.log.length || data.log.length > kMost) return;
  const all = rows(data);
  const spans = all.map((row) => element("span", { class: kindOf(row) }, `${row.text}\n`));
  log.replaceChildren(...spans);
  log.classList.add("lined-up");

  const nearest = (time) => {
    let best = -1;
    for (let i = 0; i < all.length && all[i].time <= time; ++i) best = i;
    return best;
  };
  let marked = null;
  const mark = (span) => {
    marked?.classList.remove("here");
    marked = span;
    marked?.classList.add("here");
  };
  timeline.shown = (from, to) => {
    all.forEach((row, i) => spans[i].classList.toggle("out", row.time < from || row.time > to));
  };
  timeline.pointedAt = (time) => mark(time === null ? null : spans[nearest(time)]);
  timeline.goTo = (time) => {
    const span = spans[nearest(time)];
    if (!span) return;
    mark(span);
    log.scrollTop = span.offsetTop - log.offsetTop - log.clientHeight / 2;
  };
  log.addEventListener("pointermove", (event) => {
    const at = spans.indexOf(event.target);
    if (at < 0) return;
    const x = timeline.x(all[at].time);
    timeline.ruler.attr("x1", x).attr("x2", x).attr("visibility", "visible");
  });
  log.addEventListener("pointerleave", () => timeline.ruler.attr("visibility", "hidden"));
}
