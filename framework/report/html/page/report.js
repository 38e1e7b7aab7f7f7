// SPDX-License-Identifier: GPL-2.0-or-later
// The functions of the page of `kmodtest run --html` that need a script.
import { fill, fillAhead } from "./body.js";
import { offerCopies } from "./copy.js";
import { watchFilter } from "./filter.js";
import { watchHeatMap } from "./heat.js";
import { watchPrinting } from "./print.js";
import { showTimeline } from "./timeline.js";

const cases = [...document.querySelectorAll("details.case")];

function opened(event) {
  const one = event.target;
  if (!one.open || !one.matches("details.case")) return;
  fill(one);
  offerCopies(one);
  showTimeline(one);
}

/// Opens the case that the address names after its "#".
function follow() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!named || !named.matches("details.case")) return;
  filter.reveal(named);
  fill(named);
  named.open = true;
  named.scrollIntoView({ block: "start" });
  named.querySelector("summary").focus({ preventScroll: true });
}

const filter = watchFilter(cases);
watchHeatMap(cases);
watchPrinting(cases);
document.addEventListener("toggle", opened, true);
for (const one of cases) if (one.open) opened({ target: one });
addEventListener("hashchange", follow);
if (location.hash) follow();
fillAhead(cases);
document.documentElement.dataset.ready = "yes";
performance.mark("kmodtest-ready");
