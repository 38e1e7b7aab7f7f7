// SPDX-License-Identifier: GPL-2.0-or-later
// Draws lanes on a canvas. Items narrower than a pixel are summed up: the height of a column is their share of its
// time.

const kColours = 8;

/// Returns the colours of the current theme, from the style sheet.
export function coloursOf(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    ink: of("--ink"),
    muted: of("--muted"),
    line: of("--line"),
    card: of("--card"),
    step: of("--step"),
    bad: of("--failed"),
    warn: of("--hung"),
    wait: of("--wait"),
    accent: of("--accent"),
    threads: Array.from({ length: kColours }, (_, i) => of(`--t${i}`)),
    onThread: of("--on-thread"),
    font: `11px ${style.fontFamily}`,
  };
}

/// Returns the colour of a run: by thread in lanes of CPUs, by CPU in lanes of threads.
export function colourOf(item, view, colours) {
  return colours.threads[(view === "thread" ? item.cpu : item.thread) % kColours];
}

/// Returns the index of the first item that can extend beyond `time`. Items are sorted by their begin; `longest` is the
/// length of the longest one.
function firstAt(items, time, longest) {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle].begin < time - longest) low = middle + 1;
    else high = middle;
  }
  return low;
}

/// Yields the items of a lane that overlap the interval from `from` to `to`.
export function* visible(lane, from, to) {
  lane.longest ??= lane.items.reduce((most, item) => Math.max(most, item.end - item.begin), 0);
  for (let i = firstAt(lane.items, from, lane.longest); i < lane.items.length; ++i) {
    const item = lane.items[i];
    if (item.begin > to) return;
    if (item.end >= from) yield item;
  }
}

function label(ctx, text, x, width, y, colour) {
  const room = width - 10;
  if (room < 14) return;
  let shown = text;
  if (ctx.measureText(shown).width > room) {
    const fits = Math.max(1, Math.floor((text.length * room) / ctx.measureText(text).width) - 1);
    if (fits < 3) return;
    shown = `${text.slice(0, fits)}…`;
  }
  ctx.fillStyle = colour;
  ctx.fillText(shown, x + 5, y);
}

function bar(ctx, x, y, width, height) {
  ctx.beginPath();
  if (ctx.roundRect && width > 4) ctx.roundRect(x, y, width, height, Math.min(3, width / 2));
  else ctx.rect(x, y, width, height);
  ctx.fill();
}

function hatch(ctx, x, y, width, height, colour) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let at = x - height; at < x + width; at += 7) {
    ctx.moveTo(at, y + height);
    ctx.lineTo(at + height, y);
  }
  ctx.stroke();
  ctx.restore();
}

class Lane {
  constructor(ctx, lane, box, view) {
    Object.assign(this, { ctx, lane, box, view });
  }

  step(item, x0, x1) {
    const { ctx, box, view } = this;
    const { colours } = view;
    const width = Math.max(x1 - x0 - 1, 1.5);
    ctx.fillStyle = item.bad ? colours.bad : colours.step;
    bar(ctx, x0, box.y + 3, width, box.height - 6);
    const text = item.bad ? `✗ ${item.number} ${item.text}` : `${item.number} ${item.text}`;
    label(ctx, text, x0, width, box.y + box.height / 2, item.bad ? colours.card : colours.ink);
  }

  line(item, x0) {
    const { ctx, box, view } = this;
    const grave = item.level <= 3;
    const warning = item.level === 4;
    ctx.fillStyle = grave ? view.colours.bad : warning ? view.colours.warn : view.colours.accent;
    const short = grave || warning ? 2 : 6;
    ctx.fillRect(Math.round(x0) - 0.75, box.y + short, 1.5, box.height - short - 2);
  }

  report(item, x0) {
    const { ctx, view } = this;
    ctx.save();
    ctx.strokeStyle = view.colours.bad;
    ctx.setLineDash([4, 3]);
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.moveTo(x0, 0);
    ctx.lineTo(x0, view.height);
    ctx.stroke();
    ctx.restore();
  }

  wait(item, x0, x1) {
    const { ctx, box, view } = this;
    ctx.fillStyle = view.colours.wait;
    ctx.fillRect(x0, box.y + box.height - 5, Math.max(x1 - x0, 1), 2);
    ctx.beginPath();
    ctx.moveTo(x0 - 3, box.y + box.height - 1);
    ctx.lineTo(x0 + 3, box.y + box.height - 1);
    ctx.lineTo(x0, box.y + box.height - 6);
    ctx.fill();
  }

  move(item, x0) {
    const { ctx, box, view } = this;
    ctx.fillStyle = view.colours.warn;
    ctx.fillRect(x0 - 0.75, box.y + 1, 1.5, box.height - 2);
    ctx.beginPath();
    ctx.moveTo(x0, box.y + 1);
    ctx.lineTo(x0 + 6, box.y + 4);
    ctx.lineTo(x0, box.y + 7);
    ctx.fill();
  }

  offline(item, x0, x1) {
    const { ctx, box, view } = this;
    ctx.fillStyle = view.colours.line;
    ctx.fillRect(x0, box.y, Math.max(x1 - x0, 1), box.height);
    hatch(ctx, x0, box.y, x1 - x0, box.height, view.colours.muted);
  }

  run(item, x0, x1) {
    const { ctx, box, view } = this;
    ctx.fillStyle = colourOf(item, view.name, view.colours);
    bar(ctx, x0, box.y + 3, Math.max(x1 - x0, 1), box.height - 7);
    const text = view.name === "thread" ? `CPU ${item.cpu}` : view.data.threads[item.thread].name;
    label(ctx, text, x0, x1 - x0, box.y + box.height / 2 - 1, view.colours.onThread);
  }

  /// Draws runs that are narrower than a pixel as their share of each column.
  flush() {
    const { ctx, box, view } = this;
    for (const [colour, columns] of this.columns) {
      ctx.fillStyle = colour;
      for (const [column, share] of columns) {
        const height = Math.max(4, Math.min(1, share) * (box.height - 7));
        ctx.fillRect(column, box.y + box.height - 4 - height, 1.2, height);
      }
    }
    this.columns = null;
    return view;
  }

  gather(item, x0, x1) {
    const colour = colourOf(item, this.view.name, this.view.colours);
    const columns = this.columns.get(colour) ?? new Map();
    this.columns.set(colour, columns);
    const column = Math.floor(x0);
    columns.set(column, (columns.get(column) ?? 0) + (x1 - x0));
  }

  paint() {
    const { ctx, lane, box, view } = this;
    ctx.strokeStyle = view.colours.line;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(0, box.y + box.height - 0.5);
    ctx.lineTo(view.width, box.y + box.height - 0.5);
    ctx.stroke();
    if (lane.kind === "thread") {
      const [from, to] = [view.x(lane.begin), view.x(lane.end)];
      ctx.strokeStyle = view.colours.muted;
      ctx.beginPath();
      ctx.moveTo(from, box.y + box.height - 4);
      ctx.lineTo(to, box.y + box.height - 4);
      ctx.stroke();
    }
    const [from, to] = view.x.domain();
    this.columns = new Map();
    const late = []; // marks are drawn above bars
    for (const item of visible(lane, from, to)) {
      const x0 = Math.max(view.x(item.begin), -2);
      const x1 = Math.min(view.x(item.end), view.width + 2);
      if (item.kind === "run" && x1 - x0 < 1) this.gather(item, x0, x1);
      else if (item.kind === "run" || item.kind === "step" || item.kind === "offline") this[item.kind](item, x0, x1);
      else late.push([item, x0, x1]);
    }
    this.flush();
    let last = -9;
    for (const [item, x0, x1] of late) {
      // Marks in one place look like one; wake-ups are only drawn where they can be distinguished.
      if (item.kind !== "report" && x0 - last < (item.kind === "wait" ? 5 : 1) && x1 - x0 < 1) continue;
      this[item.kind](item, x0, x1);
      last = x0;
    }
  }
}

/// Paints a view: {name, data, lanes, boxes, x, width, height, colours}.
export function paint(ctx, view) {
  ctx.clearRect(0, 0, view.width, view.height);
  ctx.font = view.colours.font;
  ctx.textBaseline = "middle";
  view.lanes.forEach((lane, i) => new Lane(ctx, lane, view.boxes[i], view).paint());
}
