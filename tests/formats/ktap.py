#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a KTAP file with the kernel's own parser and prints the tree of tests that it found, as JSON.

    ktap.py KUNIT_FOLDER FILE

KUNIT_FOLDER: the kernel's tools/testing/kunit (fetch_kunit.sh puts it into the cache).
"""
import contextlib
import io
import json
import sys


def main(folder, name):
    sys.dont_write_bytecode = True
    sys.path.insert(0, folder)
    def tree(test):
        found = {"name": test.name, "status": test.status.name}
        if test.subtests:
            found["tests"] = [tree(each) for each in test.subtests]
        return found

    with open(name, encoding="utf-8") as file, contextlib.redirect_stdout(io.StringIO()) as said:
        import kunit_parser  # pylint: disable=import-error  # it saves the current stdout
        result = kunit_parser.parse_run_tests(file)
    found = tree(result)
    found["errors"] = result.counts.errors + said.getvalue().count("[ERROR]")
    print(json.dumps(found))


main(*sys.argv[1:])
