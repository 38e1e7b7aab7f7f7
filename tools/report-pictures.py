#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the pictures of docs/guide/html-page.md: runs plans with --html, ignores their exit status, and takes pictures of
the pages in headless Chromium.

    tools/report-pictures.py [KMODTEST [FOLDER]]      (build/kmodtest, docs/guide/pictures)
"""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests/e2e/html"))
from browser import Browser  # noqa: E402

FAULTY = "tests/e2e/plans/"
# name: arguments of the run, the case to open, height, dark
PICTURES = {
    "passed": (["testplans/ex7_4.yaml", "testplans/ex7_3.yaml", "testplans/kthread_park.yaml", "--cpus", "2,4"],
               "ex7_3 [cpus=4]", 1180, False),
    "failures": ([FAULTY + "oopses_in_thread.yaml", FAULTY + "leaves_thread.yaml", FAULTY + "hangs_abba.yaml",
                  FAULTY + "wrong_line.yaml", FAULTY + "panics_in_init.yaml", "testplans/ex7_1.yaml", "--modules", "modules/faulty",
                  "--cpus", "2"],
                 "oopses_in_thread [cpus=2]", 1240, False),
    "matrix": (["testplans", "--cpus", "1,2,4"], None, 1060, True),
}
OPEN = """(async () => {
  const wanted = %s;
  const cases = [...document.querySelectorAll("details.case")];
  const one = cases.find((each) => each.querySelector(".id").textContent === wanted) ??
              cases.find((each) => each.dataset.result === "crashed");
  one.open = true;
  while (!one.querySelector(".body") || one.querySelector(".timeline:not([data-state=drawn], [data-state=none])")) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  const bar = document.getElementById("filter").getBoundingClientRect().height;
  scrollTo(0, one.getBoundingClientRect().top + scrollY - bar - 70);
  await new Promise((done) => setTimeout(done, 100));
})()"""


def main():
    kmodtest = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build/kmodtest")
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.join(ROOT, "docs/guide/pictures")
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kmodtest-pictures-") as scratch, Browser() as browser:
        for name, (arguments, case, height, dark) in PICTURES.items():
            report = os.path.join(scratch, f"{name}.html")
            subprocess.run([kmodtest, "run", *arguments, "--quiet", "--html", report], cwd=ROOT, check=False)
            with browser.page(width=1280, height=height, dark=dark) as page:
                page.open(f"file://{report}")
                if case:
                    page.run(OPEN % f'"{case}"')
                page.screenshot(os.path.join(folder, f"report-{name}.png"))


main()
