// SPDX-License-Identifier: GPL-2.0-or-later
// The lanes of a timeline and their items. An item has {begin, end, kind} and further fields that depend on its kind.
import { moment, nanoseconds } from "./numbers.js";

const states = {
  R: "preempted, or still running",
  S: "went to sleep",
  D: "went to sleep, uninterruptible",
  I: "went idle",
  P: "parked",
  T: "stopped",
  X: "ended",
  Z: "ended",
};

function bySpan(a, b) {
  return a.begin - b.begin || a.end - b.end;
}

function stepLane(data) {
  const items = data.steps.map((step) => ({ ...step, kind: "step" }));
  return { name: "steps", kind: "steps", items };
}

function logLane(data) {
  const items = data.log
    .filter((line) => line.time >= data.begin)
    .map((line) => ({ ...line, begin: line.time, end: line.time, kind: "line" }));
  const reports = data.reports.map((report) => ({ ...report, begin: report.time, end: report.time, kind: "report" }));
  return { name: "log", kind: "log", items: [...items, ...reports].sort(bySpan) };
}

/// Returns the times that a thread waits for a CPU, from its wake-up to its run.
function waitsOf(thread) {
  return thread.wakes.map((wake) => ({
    kind: "wait",
    begin: wake.time,
    end: wake.late < 0 ? wake.time : wake.time + wake.late,
    never: wake.late < 0,
    cpu: wake.cpu,
    thread: thread.index,
  }));
}

/// Returns the intervals in which a CPU was offline.
function absences(data, cpu) {
  const items = [];
  let since = null;
  for (const change of data.changes) {
    if (change.cpu !== cpu) continue;
    if (!items.length && since === null && change.online) items.push({ begin: data.begin, end: change.time });
    if (!change.online) since = change.time;
    if (change.online && since !== null) {
      items.push({ begin: since, end: change.time });
      since = null;
    }
  }
  if (since !== null) items.push({ begin: since, end: data.end });
  return items.map((item) => ({ ...item, kind: "offline", cpu }));
}

function cpuLanes(data) {
  const lanes = Array.from({ length: data.cpus }, (_, cpu) => ({
    name: `CPU ${cpu}`,
    kind: "cpu",
    items: absences(data, cpu),
  }));
  for (const thread of data.threads) {
    for (const run of thread.runs) lanes[run.cpu]?.items.push({ ...run, kind: "run" });
    for (const wait of waitsOf(thread)) lanes[wait.cpu]?.items.push(wait);
  }
  for (const lane of lanes) lane.items.sort(bySpan);
  return lanes;
}

function threadLanes(data) {
  return data.threads.map((thread) => ({
    name: thread.name,
    kind: "thread",
    begin: thread.begin,
    end: thread.end,
    items: [
      ...thread.runs.map((run) => ({ ...run, kind: "run" })),
      ...waitsOf(thread),
      ...thread.moves.map((move) => ({ ...move, begin: move.time, end: move.time, kind: "move" })),
    ].sort(bySpan),
  }));
}

/// Returns the lanes of a view: "cpu" or "thread".
export function lanesOf(data, view) {
  const top = [stepLane(data), logLane(data)];
  if (!data.traced) return top;
  return [...top, ...(view === "thread" ? threadLanes(data) : cpuLanes(data))];
}

/// Describes an item in words, one line each.
export function wordsOf(item, data) {
  const name = item.thread === undefined ? "" : data.threads[item.thread].name;
  const took = nanoseconds(item.end - item.begin);
  switch (item.kind) {
    case "step":
      return [`step ${item.number}: ${item.text}`, `${item.result} after ${took}`, `from ${moment(item.begin)}`];
    case "line":
      return [item.text, `kernel log, level ${item.level}`, `at ${moment(item.begin)}`];
    case "report":
      return [item.title, "kernel report", `at ${moment(item.begin)}`];
    case "run":
      return [`${name} ran on CPU ${item.cpu} for ${took}`, states[item.left] ?? `left in state ${item.left}`,
              `from ${moment(item.begin)}`];
    case "wait":
      if (item.never) return [`${name} was woken on CPU ${item.cpu} and did not run`, `at ${moment(item.begin)}`];
      return [`${name} was woken and waited ${took} for CPU ${item.cpu}`, `from ${moment(item.begin)}`];
    case "move":
      return [`${name} moved from CPU ${item.from} to CPU ${item.to}`, `at ${moment(item.begin)}`];
    case "offline":
      return [`CPU ${item.cpu} was offline for ${took}`, `from ${moment(item.begin)}`];
  }
  return [];
}
