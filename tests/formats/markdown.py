#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns a Markdown file into HTML as GitHub does (cmark-gfm with its extensions) and prints the result as JSON:

    {"elements": [names], "attributes": [names], "unbalanced": [names], "outside": "text outside of code",
     "code": [texts of <code> and <pre>]}

    markdown.py FILE
"""
import html.parser
import json
import subprocess
import sys

VOID = {"br", "hr", "img", "input", "meta", "link"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.elements, self.attributes, self.unbalanced = [], set(), set(), []
        self.outside, self.code = "", []

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag in ("code", "pre"):
            self.code.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_comment(self, data):
        self.elements.add("!--")

    def handle_data(self, data):
        if {"code", "pre"} & set(self.open):
            self.code[-1] += data
        else:
            self.outside += data


def main(name):
    extensions = ["table", "autolink", "strikethrough", "tagfilter", "tasklist"]
    command = ["cmark-gfm", "--unsafe"] + [word for one in extensions for word in ("-e", one)] + [name]
    page = Page()
    page.feed(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)
    page.close()
    print(json.dumps({"elements": sorted(page.elements), "attributes": sorted(page.attributes),
                      "unbalanced": page.unbalanced + page.open, "outside": page.outside, "code": page.code}))


main(*sys.argv[1:])
