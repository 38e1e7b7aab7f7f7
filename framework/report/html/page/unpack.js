// SPDX-License-Identifier: GPL-2.0-or-later
// A case's data as framework/report/html/case_data.hpp describes it.

async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).text();
}

/// Returns the running sums of differences, beginning with `from`.
function summed(differences, from = 0) {
  const sums = new Float64Array(differences.length);
  let at = from;
  for (let i = 0; i < differences.length; ++i) sums[i] = at += differences[i];
  return sums;
}

function threadOf(packed, index) {
  const begins = new Float64Array(packed.rb.length);
  const ends = new Float64Array(packed.rb.length);
  let at = packed.begin;
  for (let i = 0; i < packed.rb.length; ++i) {
    begins[i] = at + packed.rb[i];
    at = ends[i] = begins[i] + packed.rd[i];
  }
  const wakes = summed(packed.wt, packed.begin);
  const moves = summed(packed.mt, packed.begin);
  return {
    index,
    pid: packed.pid,
    name: packed.name,
    begin: packed.begin,
    end: packed.end,
    runs: packed.rc.map((cpu, i) => ({ begin: begins[i], end: ends[i], cpu, left: packed.rs[i], thread: index })),
    wakes: packed.wc.map((cpu, i) => ({ time: wakes[i], late: packed.wl[i], cpu, thread: index })),
    moves: packed.mf.map((from, i) => ({ time: moves[i], from, to: packed.mo[i], thread: index })),
  };
}

/// Returns a case's data with all times in nanoseconds of the guest's clock; null for a case without data.
export async function dataOf(one) {
  // The data follow the script.
  if (document.readyState === "loading") await new Promise((done) => addEventListener("DOMContentLoaded", done));
  const element = document.querySelector(`script[data-of="${CSS.escape(one.id)}"]`);
  if (!element) return null;
  const packed = JSON.parse(await inflate(element.textContent));
  const times = summed(packed.log.t);
  const sched = packed.sched;
  return {
    begin: packed.span[0],
    end: packed.span[1],
    steps: packed.steps.map(([number, text, begin, end, result, bad]) => ({ number, text, begin, end, result, bad })),
    log: packed.log.x.map((text, i) => ({ time: times[i], level: Number(packed.log.l[i]), text })),
    reports: packed.reports.map(([time, title]) => ({ time, title })),
    traced: Boolean(sched),
    lost: sched?.lost ?? 0,
    cpus: Math.max(packed.cpus, sched?.cpus ?? 0),
    threads: (sched?.threads ?? []).map(threadOf),
    changes: (sched?.changes ?? []).map(([time, cpu, online]) => ({ time, cpu, online })),
  };
}
