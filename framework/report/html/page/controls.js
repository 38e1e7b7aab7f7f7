// SPDX-License-Identifier: GPL-2.0-or-later

let made = 0;

export function element(name, attributes = {}, text = "") {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

function button(label, text, act) {
  const node = element("button", { type: "button", "aria-label": label }, text);
  node.addEventListener("click", act);
  return node;
}

/// Makes the row above a timeline, and the help text that describes its stage.
export function controls(timeline) {
  const id = `timeline-help-${++made}`;
  const bar = element("div", { class: "controls" });
  bar.append(element("h3", {}, "Timeline"));
  if (timeline.data.traced) {
    const views = element("div", { class: "views", role: "group", "aria-label": "lanes" });
    for (const [view, text] of [["cpu", "by CPU"], ["thread", "by thread"]]) {
      const choice = button(text, text, () => {
        for (const other of views.children) other.setAttribute("aria-pressed", String(other === choice));
        timeline.show(view);
      });
      choice.setAttribute("aria-pressed", String(view === "cpu"));
      views.append(choice);
    }
    bar.append(views);
  }
  const zooms = element("div", { class: "zooms", role: "group", "aria-label": "zoom" });
  zooms.append(
    button("zoom out", "−", () => timeline.zoomBy(0.5)),
    button("zoom in", "+", () => timeline.zoomBy(2)),
    button("show all", "all", () => timeline.all()),
  );
  const help = element(
    "p",
    { class: "help", id },
    "Drag to pan, pinch or Ctrl + wheel to zoom. Keys: arrows step through events, + and − zoom, Shift + arrows pan, 0 shows all.",
  );
  bar.append(zooms, help);
  if (timeline.data.lost) {
    bar.append(element("p", { class: "warn" }, `The kernel dropped ${timeline.data.lost} events: the lanes have gaps.`));
  }
  return { bar, help };
}
