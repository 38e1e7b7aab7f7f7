// SPDX-License-Identifier: GPL-2.0-or-later

import { fill } from "./body.js";

const kMost = 100; // cases that are opened for printing

/// Opens the cases that did not go well when the page is printed.
export function watchPrinting(cases) {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = cases
      .filter((one) => !one.hidden && !one.open && one.dataset.result !== "passed" && one.dataset.result !== "skipped")
      .slice(0, kMost);
    for (const one of opened) {
      fill(one);
      one.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
    opened = [];
  });
}
