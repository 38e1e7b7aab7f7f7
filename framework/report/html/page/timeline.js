// SPDX-License-Identifier: GPL-2.0-or-later
// The timeline of a case: lanes over guest time, with zooming and panning by mouse, fingers and keys.
import { axisBottom } from "d3-axis";
import { scaleLinear } from "d3-scale";
import { event as d3event, select } from "d3-selection";
import { zoom, zoomIdentity, zoomTransform } from "d3-zoom";
import { controls, element } from "./controls.js";
import { lanesOf, wordsOf } from "./lanes.js";
import { lineUp } from "./log.js";
import { coloursOf, paint, visible } from "./paint.js";
import { dataOf } from "./unpack.js";

const kAxis = 26; // pixels
const kShortest = 2_000; // ns across the width at the closest zoom
const kNear = 6; // maximum distance in pixels of a hit mark

function heightOf(lane, number) {
  if (lane.kind === "log") return 20;
  if (lane.kind === "steps") return 26;
  return number <= 16 ? 28 : number <= 40 ? 18 : 12;
}

class Timeline {
  constructor(place, data) {
    this.data = data;
    this.place = place;
    this.name = "cpu";
    this.chosen = null; // {lane, index} of the item selected by keyboard
    this.pointed = null;
    this.build();
    this.arrange();
    new ResizeObserver(() => this.resize()).observe(this.stage);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    for (const moment of ["beforeprint", "afterprint"]) addEventListener(moment, () => this.draw());
  }

  build() {
    this.controls = controls(this);
    this.names = element("div", { class: "names", "aria-hidden": "true" });
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.stage = element("div", {
      class: "stage",
      tabindex: "0",
      role: "application",
      "aria-roledescription": "timeline",
      "aria-label": `timeline by CPU, ${this.data.cpus} CPUs, ${this.data.threads.length} threads`,
      "aria-describedby": this.controls.help.id,
    });
    this.svg = select(this.stage).append("svg").attr("aria-hidden", "true");
    this.axis = this.svg.append("g").attr("class", "x");
    this.ruler = this.svg.append("line").attr("class", "ruler").attr("y1", 0).attr("visibility", "hidden");
    this.ring = this.svg.append("rect").attr("class", "ring").attr("rx", 3).attr("visibility", "hidden");
    this.stage.prepend(this.canvas);
    this.tip = element("div", { class: "tip", hidden: "" });
    this.stage.append(this.tip);
    this.said = element("p", { class: "said", role: "status" });
    this.legend = element("ul", { class: "legend" });
    const frame = element("div", { class: "frame" });
    frame.append(this.names, this.stage);
    this.place.append(this.controls.bar, frame, this.legend, this.said);
    this.zoom = zoom()
      .filter(() => this.isOurs(d3event))
      .on("zoom", () => this.draw());
    select(this.stage).call(this.zoom).on("dblclick.zoom", null).style("touch-action", "pan-y");
    this.stage.addEventListener("pointermove", (event) => this.point(event));
    this.stage.addEventListener("pointerleave", () => this.forget());
    this.stage.addEventListener("click", (event) => this.click(event));
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("blur", () => this.ring.attr("visibility", "hidden"));
  }

  /// Returns whether an event zooms or pans; for other events the page scrolls. While everything is shown, there is
  /// nothing to pan with one finger.
  isOurs(event) {
    if (event.type === "wheel") return event.ctrlKey || document.activeElement === this.stage;
    if (event.type.startsWith("touch")) return event.touches.length > 1 || zoomTransform(this.stage).k > 1;
    return !event.button;
  }

  /// Returns the lanes of the chosen view.
  arrange() {
    this.lanes = lanesOf(this.data, this.name);
    this.boxes = [];
    let y = 0;
    for (const lane of this.lanes) {
      const height = heightOf(lane, this.lanes.length);
      this.boxes.push({ y, height });
      y += height;
    }
    this.height = y;
    this.names.replaceChildren(
      ...this.lanes.map((lane, i) => {
        const name = element("div", { title: lane.name }, lane.name);
        name.style.height = `${this.boxes[i].height}px`;
        return name;
      }),
    );
    this.chosen = null;
    this.colours = coloursOf(this.place);
    this.showLegend();
    this.resize();
  }

  showLegend() {
    const items = [];
    if (this.data.traced && this.name === "cpu") {
      for (const thread of this.data.threads.slice(0, 12)) items.push([`t${thread.index % 8}`, thread.name]);
    } else if (this.data.traced) {
      for (let cpu = 0; cpu < Math.min(this.data.cpus, 12); ++cpu) items.push([`t${cpu % 8}`, `CPU ${cpu}`]);
    }
    if (this.data.threads.some((thread) => thread.wakes.length)) items.push(["wait", "woken, waits for the CPU"]);
    if (this.data.changes.length && this.name === "cpu") items.push(["offline", "CPU offline"]);
    if (this.data.reports.length) items.push(["report", "kernel report"]);
    this.legend.replaceChildren(
      ...items.map(([kind, text]) => {
        const item = element("li");
        item.append(element("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), text);
        return item;
      }),
    );
  }

  resize() {
    const width = this.stage.clientWidth;
    if (!width) return;
    this.width = width;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.svg.attr("width", width).attr("height", this.height + kAxis);
    this.axis.attr("transform", `translate(0,${this.height})`);
    this.ruler.attr("y2", this.height);
    const span = Math.max(this.data.end - this.data.begin, 1);
    this.whole = scaleLinear().domain([this.data.begin, this.data.begin + span]).range([0, width]);
    this.zoom
      .scaleExtent([1, Math.max(1, span / kShortest)])
      .extent([[0, 0], [width, this.height]])
      .translateExtent([[0, 0], [width, this.height]]);
    this.draw();
  }

  draw() {
    if (!this.whole) return;
    this.colours = coloursOf(this.place);
    this.x = zoomTransform(this.stage).rescaleX(this.whole);
    const ctx = this.canvas.getContext("2d");
    const ratio = devicePixelRatio || 1;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(ctx, this);
    const [from, to] = this.x.domain();
    const step = (to - from) / 1e9 / Math.max(2, this.width / 110);
    const digits = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step))));
    const seconds = scaleLinear().domain([from / 1e9, to / 1e9]).range([0, this.width]);
    this.axis.call(axisBottom(seconds).ticks(Math.max(2, this.width / 110)).tickFormat((at) => `${at.toFixed(digits)} s`));
    const width = this.width; // labels at the ends stay within the stage
    this.axis.selectAll(".tick text").attr("text-anchor", (at) => (seconds(at) < 24 ? "start" : seconds(at) > width - 24 ? "end" : "middle"));
    this.ring.attr("visibility", "hidden");
    this.stage.dataset.from = from;
    this.stage.dataset.to = to;
    this.shown?.(from, to);
    if (this.chosen) this.frame(this.chosen.item, this.chosen.lane);
  }

  /// Returns the item at a point of the stage: the narrowest one there, else the nearest mark.
  at(x, y) {
    const lane = this.boxes.findIndex((box) => y >= box.y && y < box.y + box.height);
    if (lane < 0) return null;
    let best = null;
    let nearest = kNear;
    for (const item of visible(this.lanes[lane], this.x.invert(x - kNear), this.x.invert(x + kNear))) {
      const [x0, x1] = [this.x(item.begin), this.x(item.end)];
      const away = x < x0 ? x0 - x : x > x1 ? x - x1 : 0;
      const narrower = best && away === nearest && item.end - item.begin < best.end - best.begin;
      if (away < nearest || narrower) [best, nearest] = [item, away];
    }
    return best && { item: best, lane };
  }

  point(event) {
    const box = this.stage.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    this.ruler.attr("x1", x).attr("x2", x).attr("visibility", "visible");
    this.pointed = this.at(x, y);
    this.pointedAt?.(this.x.invert(x));
    if (!this.pointed) {
      this.tip.hidden = true;
      return;
    }
    this.tell(this.pointed.item, x, y);
  }

  forget() {
    this.pointed = null;
    this.tip.hidden = true;
    this.ruler.attr("visibility", "hidden");
    this.pointedAt?.(null);
  }

  click(event) {
    const box = this.stage.getBoundingClientRect();
    const hit = this.at(event.clientX - box.left, event.clientY - box.top);
    if (hit?.item.kind === "line" || hit?.item.kind === "report") this.goTo?.(hit.item.begin);
  }

  tell(item, x, y) {
    const [first, ...more] = wordsOf(item, this.data);
    this.tip.replaceChildren(element("strong", {}, first), ...more.map((line) => element("span", {}, line)));
    this.tip.hidden = false;
    const room = this.width - this.tip.offsetWidth - 4;
    this.tip.style.left = `${Math.max(0, Math.min(x + 14, room))}px`;
    this.tip.style.top = `${y + 18}px`;
  }

  /// Selects the keyboard's item: frames it, and describes it above the stage and for screen readers.
  frame(item, lane) {
    const x0 = this.x(item.begin);
    const width = Math.max(this.x(item.end) - x0, 4);
    const box = this.boxes[lane];
    this.ring.attr("x", x0 - 2).attr("y", box.y + 1).attr("width", width + 4).attr("height", box.height - 2)
      .attr("visibility", "visible");
  }

  choose(lane, index) {
    const items = this.lanes[lane].items;
    if (!items.length) {
      this.chosen = { lane, index: 0, item: { begin: this.data.begin, end: this.data.begin } };
      this.said.textContent = `${this.lanes[lane].name}: nothing`;
      this.tip.hidden = true;
      return;
    }
    const at = Math.max(0, Math.min(items.length - 1, index));
    const item = items[at];
    this.chosen = { lane, index: at, item };
    const [from, to] = this.x.domain();
    if (item.begin < from || item.begin > to) {
      select(this.stage).call(this.zoom.translateTo, this.whole(item.begin), 0);
    }
    this.frame(item, lane);
    this.tell(item, this.x(item.begin), this.boxes[lane].y + this.boxes[lane].height - 12);
    this.said.textContent = `${this.lanes[lane].name}, ${at + 1} of ${items.length}: ${wordsOf(item, this.data).join("; ")}`;
    if (item.kind === "line" || item.kind === "report") this.goTo?.(item.begin);
  }

  zoomBy(factor) {
    const centre = this.chosen ? this.x(this.chosen.item.begin) : this.width / 2;
    select(this.stage).call(this.zoom.scaleBy, factor, [centre, 0]);
  }

  panBy(share) {
    const scale = zoomTransform(this.stage).k;
    select(this.stage).call(this.zoom.translateBy, (-share * this.width) / scale, 0);
  }

  all() {
    select(this.stage).call(this.zoom.transform, zoomIdentity);
  }

  show(view) {
    this.name = view;
    this.stage.setAttribute("aria-label", `timeline by ${view === "cpu" ? "CPU" : "thread"}, ${this.data.cpus} CPUs, ${this.data.threads.length} threads`);
    this.arrange();
  }

  key(event) {
    const { lane, index } = this.chosen ?? { lane: 0, index: -1 };
    const last = this.lanes.length - 1;
    const actions = {
      ArrowRight: () => (event.shiftKey ? this.panBy(0.2) : this.choose(lane, index + 1)),
      ArrowLeft: () => (event.shiftKey ? this.panBy(-0.2) : this.choose(lane, index - 1)),
      ArrowDown: () => this.choose(Math.min(last, this.chosen ? lane + 1 : 0), 0),
      ArrowUp: () => this.choose(Math.max(0, lane - 1), 0),
      Home: () => this.choose(lane, 0),
      End: () => this.choose(lane, Infinity),
      "+": () => this.zoomBy(2),
      "=": () => this.zoomBy(2),
      "-": () => this.zoomBy(0.5),
      0: () => this.all(),
      Escape: () => this.forget(),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }
}

/// Fills the place of a timeline in a case that was opened, once.
export async function showTimeline(one) {
  const place = one.querySelector(".timeline");
  if (!place || place.dataset.state) return;
  place.dataset.state = "loading";
  const data = await dataOf(one);
  if (!data) {
    place.dataset.state = "none";
    return;
  }
  const timeline = new Timeline(place, data);
  lineUp(one, data, timeline);
  place.dataset.state = "drawn";
  performance.mark("kmodtest-timeline");
}

