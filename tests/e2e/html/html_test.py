# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests the page of `kmodtest run --html` in a headless Chromium.

    html_test.py SAMPLE_REPORT [unittest's arguments]
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser  # noqa: E402

CASES = 40

# WCAG 2.2, 1.4.3: the contrast of each visible text to its background; for large text, 3 is enough instead of 4.5.
CONTRAST = r"""
(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((part, i) => (i === 3 ? part / 255 : part));
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const bad = new Set();
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (element.closest("svg, .hidden, script, style, noscript, .skip")) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const front = over(rgba(style.color), back);
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) bad.add(`${ratio.toFixed(2)} ${element.tagName}.${element.className} ${texts.currentNode.data.trim().slice(0, 30)}`);
  }
  return [...bad].slice(0, 20);
})()
"""


class HtmlTest(unittest.TestCase):
    sample_report = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="kmodtest-html-")
        cls.file = os.path.join(cls.folder.name, "report.html")
        subprocess.run([cls.sample_report, cls.file, str(CASES)], check=True)
        cls.browser = Browser().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.folder.cleanup()

    def opened(self, anchor="", **options):
        page = self.browser.page(**options)
        self.addCleanup(page.__exit__)
        page.open(f"file://{self.file}{anchor}")
        return page

    def with_timeline(self, number=8, **options):
        page = self.opened(**options)
        page.run(f"location.hash = 'case-{number}'")
        page.until(f"document.querySelector('#case-{number} .timeline').dataset.state === 'drawn'")
        return page

    def shown(self, page):
        return page.run("[...document.querySelectorAll('details.case')].filter((one) => !one.hidden).length")

    def test_opens_without_a_complaint_and_asks_for_nothing(self):
        page = self.with_timeline()
        self.assertEqual(page.run("document.documentElement.dataset.ready"), "yes")
        self.assertEqual(page.run("document.querySelectorAll('details.case').length"), CASES)
        self.assertEqual(page.complaints(), [])

    def test_what_a_guest_says_runs_nowhere(self):
        page = self.opened()
        page.run("document.getElementById('open-all').click()")
        page.until("![...document.querySelectorAll('.timeline')].some((one) => one.dataset.state !== 'drawn')")
        self.assertEqual(page.complaints(), [])
        self.assertEqual(page.run("document.querySelectorAll('script:not([type])').length"), 1)
        log = page.run("document.querySelector('#case-1 pre.log').textContent")
        self.assertIn("</pre></script><script>alert(document.domain)</script>\\x1b[31m", log)
        # The policy would stop any other script, too.
        page.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.broken = 1'}))")
        self.assertIsNone(page.run("window.broken ?? null"))

    def test_filters_by_result_words_and_tag(self):
        page = self.opened()
        self.assertEqual(self.shown(page), CASES)
        page.run("document.querySelector('input[value=failed]').click()")
        failed = page.run("document.querySelectorAll('details.case.failed').length")
        self.assertGreater(failed, 0)
        self.assertEqual(self.shown(page), failed)
        self.assertEqual(page.run("document.getElementById('shown').textContent"), f"{failed} of {CASES} shown")
        page.run("document.querySelector('input[value=failed]').click()")
        page.run("document.getElementById('words').focus()")
        page.type("PLAN_1 cpus=8")
        page.until("document.getElementById('shown').textContent.startsWith('2 of')")
        page.run("const words = document.getElementById('words'); words.value = 'thread exitting'; words.dispatchEvent(new Event('input'))")
        bad = page.run("document.querySelectorAll('details.case:not(.passed)').length")
        page.until(f"document.getElementById('shown').textContent.startsWith('{bad} of')")
        page.run("words.value = ''; words.dispatchEvent(new Event('input'))")
        page.run("const tag = document.getElementById('tag'); tag.value = 'timer'; tag.dispatchEvent(new Event('change'))")
        self.assertEqual(self.shown(page), page.run("document.querySelectorAll('[data-tags=timer]').length"))
        # A link to a hidden case makes the filter show it.
        page.run("location.hash = 'case-1'")
        page.until("document.getElementById('case-1').open")
        self.assertEqual(self.shown(page), CASES)

    def test_orders_the_cases(self):
        page = self.opened()
        page.run("const order = document.getElementById('order'); order.value = 'took'; order.dispatchEvent(new Event('change'))")
        took = page.run("[...document.querySelectorAll('details.case')].map((one) => Number(one.dataset.took))")
        self.assertEqual(took, sorted(took, reverse=True))
        page.run("order.value = 'plan'; order.dispatchEvent(new Event('change'))")
        self.assertEqual(page.run("document.querySelector('details.case').id"), "case-1")

    def test_heat_map_has_other_columns_and_colours(self):
        page = self.opened()
        heads = "[...document.querySelectorAll('#heat thead th')].map((one) => one.textContent)"
        self.assertEqual(page.run(heads), ["Plan", "1 CPU", "2 CPUs", "4 CPUs", "8 CPUs"])
        page.run("const columns = document.querySelector('#matrix select'); columns.value = 'cpu'; columns.dispatchEvent(new Event('change'))")
        self.assertEqual(page.run(heads), ["Plan", "cpu 0", "cpu 1", "cpu 3", "cpu 7"])
        page.run("const colours = document.querySelectorAll('#matrix select')[1]; colours.value = 'took'; colours.dispatchEvent(new Event('change'))")
        self.assertGreater(page.run("document.querySelectorAll('#heat .heat-5').length"), 0)
        page.run("columns.value = 'cpus'; colours.value = 'result'; colours.dispatchEvent(new Event('change'))")
        self.assertEqual(page.run(heads)[1], "1 CPU")

    def window(self, page):
        return page.run("(({from, to}) => [Number(from), Number(to)])(document.querySelector('#case-8 .stage').dataset)")

    def stage(self, page):
        return page.run("(({x, y, width, height}) => ({x, y, width, height}))(document.querySelector('#case-8 .stage').getBoundingClientRect())")

    def test_zooms_and_pans_with_wheel_and_mouse(self):
        page = self.with_timeline()
        page.run("document.querySelector('#case-8 .stage').scrollIntoView({block: 'center'})")
        first = self.window(page)
        self.assertEqual(first, [5.0e9, 9.0e9])
        box = self.stage(page)
        x, y = box["x"] + box["width"] / 2, box["y"] + 60
        page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-400, modifiers=2)
        page.until("Number(document.querySelector('#case-8 .stage').dataset.from) > 5e9")
        zoomed = self.window(page)
        self.assertLess(zoomed[1] - zoomed[0], first[1] - first[0])
        page.run("addEventListener('mouseup', () => { window.released = true; }, true)")
        page.mouse("mousePressed", x, y, button="left", buttons=1, clickCount=1)
        page.mouse("mouseMoved", x - 100, y, button="left", buttons=1)
        page.mouse("mouseReleased", x - 100, y, button="left", clickCount=1)
        page.until("window.released")
        page.run("new Promise((done) => setTimeout(done))")  # d3 blocks clicks until the end of this task
        panned = self.window(page)
        self.assertGreater(panned[0], zoomed[0])
        self.assertAlmostEqual(panned[1] - panned[0], zoomed[1] - zoomed[0], delta=1000)
        self.assertGreater(page.run("document.querySelectorAll('#case-8 pre.log .out').length"), 0)
        page.run("document.querySelector('#case-8 [aria-label=\"show all\"]').click()")
        self.assertEqual(self.window(page), first)
        page.run("document.querySelector('#case-8 [aria-label=\"zoom in\"]').click()")
        self.assertEqual(self.window(page), [6.0e9, 8.0e9])
        self.assertEqual(page.complaints(), [])

    def test_two_fingers_zoom_and_one_pans_or_scrolls(self):
        page = self.with_timeline(touch=True)
        page.run("document.querySelector('#case-8 .stage').scrollIntoView({block: 'center'})")
        box = self.stage(page)
        x, y = box["x"] + box["width"] / 2, box["y"] + 60
        page.touch("touchStart", (x - 50, y), (x + 50, y))
        page.touch("touchMove", (x - 200, y), (x + 200, y))
        page.touch("touchEnd")
        page.until("Number(document.querySelector('#case-8 .stage').dataset.from) > 5e9")
        zoomed = self.window(page)
        self.assertAlmostEqual(zoomed[1] - zoomed[0], 1.0e9, delta=1e6)
        page.touch("touchStart", (x, y))
        page.touch("touchMove", (x - 100, y))
        page.touch("touchEnd")
        page.until(f"Number(document.querySelector('#case-8 .stage').dataset.from) > {zoomed[0]}")
        panned = self.window(page)
        self.assertGreater(panned[0], zoomed[0])
        self.assertAlmostEqual(panned[1] - panned[0], zoomed[1] - zoomed[0], delta=1000)
        page.run("document.querySelector('#case-8 [aria-label=\"show all\"]').click()")
        # With everything visible, moving one finger is left to the page, which scrolls.
        page.run("addEventListener('touchmove', (event) => { window.taken = event.defaultPrevented; }, {passive: true})")
        page.touch("touchStart", (x, y))
        page.touch("touchMove", (x, y + 30))
        page.until("window.taken !== undefined")
        page.touch("touchEnd")
        self.assertEqual(page.run("getComputedStyle(document.querySelector('#case-8 .stage')).touchAction"), "pan-y")
        self.assertFalse(page.run("window.taken"))
        self.assertEqual(self.window(page), [5.0e9, 9.0e9])
        self.assertEqual(page.complaints(), [])

    def test_hover_says_the_numbers(self):
        page = self.with_timeline()
        page.run("document.querySelector('#case-8 .stage').scrollIntoView({block: 'center'})")
        box = self.stage(page)
        page.mouse("mouseMoved", box["x"] + box["width"] * 0.4, box["y"] + 13)
        tip = page.run("document.querySelector('#case-8 .tip').textContent")
        self.assertIn("step 2: dmesg", tip)
        self.assertIn("held after 3.58 s", tip)
        self.assertIn("from 5.120000 s", tip)
        page.mouse("mouseMoved", box["x"] + box["width"] * 0.4, box["y"] + 46 + 28 * 7 + 14)  # the lane of CPU 7
        self.assertRegex(page.run("document.querySelector('#case-8 .tip').textContent"), r"ex7_4.* CPU 7")
        page.mouse("mouseMoved", box["x"] + box["width"] * 0.8, box["y"] + 46 + 28 * 7 + 14)
        self.assertIn("CPU 7 was offline for 500 ms", page.run("document.querySelector('#case-8 .tip').textContent"))
        page.mouse("mouseMoved", 1, 1)
        self.assertTrue(page.run("document.querySelector('#case-8 .tip').hidden"))

    def test_keys_step_through_what_happened(self):
        page = self.with_timeline()
        page.run("document.querySelector('#case-8 .stage').focus()")
        said = "document.querySelector('#case-8 .said').textContent"
        page.key("ArrowRight")
        self.assertIn("steps, 1 of 4: step 1: load", page.run(said))
        page.key("ArrowDown")
        self.assertIn("log, 1 of", page.run(said))
        page.key("End")
        self.assertIn("alert(document.domain)", page.run(said))
        for _ in range(8):
            page.key("ArrowDown")
        self.assertIn("CPU 7, 1 of", page.run(said))
        before = self.window(page)
        page.key("+")
        self.assertLess(self.window(page)[1] - self.window(page)[0], before[1] - before[0])
        page.key("ArrowRight", shift=True)
        page.key("0")
        self.assertEqual(self.window(page), before)

    def test_lanes_by_thread(self):
        page = self.with_timeline()
        names = "[...document.querySelectorAll('#case-8 .names div')].map((one) => one.textContent)"
        self.assertEqual(page.run(names), ["steps", "log", *[f"CPU {cpu}" for cpu in range(8)]])
        page.run("document.querySelector('#case-8 .views button:nth-child(2)').click()")
        self.assertEqual(page.run(names), ["steps", "log", "ex7_4", "ex7_4_helper"])
        self.assertEqual(page.run("document.querySelector('#case-8 .views [aria-pressed=true]').textContent"), "by thread")

    def test_draws_something(self):
        page = self.with_timeline()
        colours = page.run("""(() => {
          const canvas = document.querySelector('#case-8 canvas');
          const data = canvas.getContext('2d').getImageData(0, 46, canvas.width, canvas.height - 46).data;
          const seen = new Set();
          for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) seen.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
          return seen.size;
        })()""")
        self.assertGreater(colours, 4)

    def test_everything_has_a_name(self):
        page = self.with_timeline()
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        wanted = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "application", "region", "table",
                  "search", "figure", "DisclosureTriangle"}
        nameless = [node["role"]["value"] for node in nodes
                    if not node.get("ignored") and node["role"]["value"] in wanted - {"table"}
                    and not node.get("name", {}).get("value", "").strip()]
        self.assertEqual(nameless, [])
        roles = {node["role"]["value"] for node in nodes if not node.get("ignored")}
        for landmark in ("banner", "main", "contentinfo", "search"):
            self.assertIn(landmark, roles)
        self.assertEqual(page.run("document.documentElement.lang"), "en")
        levels = page.run("[...document.querySelectorAll('h1, h2, h3, h4')].filter((one) => one.checkVisibility()).map((one) => Number(one.tagName[1]))")
        self.assertEqual(levels.count(1), 1)
        self.assertTrue(all(after - before <= 1 for before, after in zip(levels, levels[1:])), levels)
        self.assertEqual(page.run("[...document.querySelectorAll('[id]')].map((one) => one.id).filter((id, i, all) => all.indexOf(id) !== i)"), [])

    def test_contrast_in_both_themes(self):
        for dark in (False, True):
            with self.subTest(dark=dark):
                page = self.with_timeline(4, dark=dark)  # a failure
                self.assertEqual(page.run(CONTRAST), [])

    def test_every_result_reads_without_colours(self):
        page = self.opened()
        words = page.run("[...document.querySelectorAll('details.case')].every((one) => one.querySelector('.word').textContent.toLowerCase() === one.dataset.result)")
        self.assertTrue(words)

    def test_reads_without_scripts(self):
        page = self.opened(scripts=False)
        tree = page.call("Accessibility.getFullAXTree")["nodes"]
        names = [node["name"]["value"] for node in tree if node.get("name", {}).get("value")]
        text = "\n".join(names)
        self.assertIn("8 of 40 cases did not pass", text)
        self.assertIn("Without scripts there is no filter and no timeline; everything else is here.", text)
        self.assertNotIn("Open all", text)
        document = page.call("DOM.getDocument", depth=-1)["root"]
        case = page.call("DOM.querySelector", nodeId=document["nodeId"], selector="#case-4")["nodeId"]
        markup = page.call("DOM.getOuterHTML", nodeId=case)["outerHTML"]
        for part in ("timed out", "Thread exitting", "ex7_4: round 29", "poke(), ex7_4.c:23", "kmodtest run testplans/"):
            self.assertIn(part, markup)

    def test_prints(self):
        page = self.opened()
        pdf = page.call("Page.printToPDF", printBackground=False)["data"]
        self.assertGreater(len(pdf), 20_000)
        page.call("Emulation.setEmulatedMedia", media="print")
        self.assertEqual(page.run("getComputedStyle(document.getElementById('filter')).display"), "none")
        self.assertEqual(page.run("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        page.run("dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(page.run("document.querySelectorAll('details.case[open]').length"), 8)
        page.run("dispatchEvent(new Event('afterprint'))")
        self.assertEqual(page.run("document.querySelectorAll('details.case[open]').length"), 0)

    def test_fits_a_narrow_screen(self):
        page = self.with_timeline(width=390, height=800)
        self.assertLessEqual(page.run("document.documentElement.scrollWidth"), 390)


if __name__ == "__main__":
    HtmlTest.sample_report = sys.argv.pop(1)
    unittest.main()
