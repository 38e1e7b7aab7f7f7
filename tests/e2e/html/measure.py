# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures how long an HTML page takes to open in a headless Chromium: measure.py FILE [ROUNDS]

Prints one JSON object of medians in seconds: "interactive" (from the start of the navigation to the end of the page's
script, when filter and cases respond), "loaded" (to the load event), "timeline" (from opening a case to its drawn timeline),
"search" (the first search for a word in all cases).
"""

import json
import os
import statistics
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser  # noqa: E402

TIMELINE = """(async () => {
  const one = document.getElementById(document.querySelector("script[data-of]").dataset.of);
  const start = performance.now();
  one.open = true;
  while (one.querySelector(".timeline")?.dataset.state !== "drawn") await new Promise(requestAnimationFrame);
  return performance.now() - start;
})()"""
SEARCH = """(async () => {
  const words = document.getElementById("words"), shown = document.getElementById("shown"), before = shown.textContent;
  const start = performance.now();
  words.value = "no such word";
  words.dispatchEvent(new Event("input"));
  while (shown.textContent === before) await new Promise(requestAnimationFrame);
  return performance.now() - start;
})()"""


def once(browser, url):
    with browser.page() as page:
        page.open(url)
        return {
            "interactive": page.run("performance.getEntriesByName('kmodtest-ready')[0].startTime"),
            "loaded": page.run("performance.getEntriesByType('navigation')[0].loadEventStart"),
            "timeline": page.run(TIMELINE),
            "search": page.run(SEARCH),
        }


def main():
    url = "file://" + os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with Browser() as browser:
        once(browser, url)  # the first page includes the start of the browser
        found = [once(browser, url) for _ in range(rounds)]
    print(json.dumps({key: statistics.median(each[key] for each in found) / 1000 for key in found[0]}))


main()
