#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs kmodtest on the drivers in Debian's DKMS packages, as a maintainer would: `kmodtest run FOLDER`, no plan.

usage: tools/driver-packages.py [--kmodtest FILE] [--folder DIR] [PACKAGE ...]

Without PACKAGE, it takes all packages of this machine's apt whose name ends in -dkms. It downloads and unpacks them below
DIR (/tmp/kmodtest-drivers), installs nothing, and prints a table in Markdown. What a dkms.conf wants to run besides make
is allowed (--build-scripts), but only for the packages that kmodtest refuses without it. The exit status is the number of
packages that did not pass and were not skipped.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

NEEDS_SCRIPTS = "K0519"
DOES_NOT_BUILD = {"K0501", "K0502", "K0503", "K0505", "K0506", NEEDS_SCRIPTS}
HEAD = """| package | kernel | modules | builds | loads | result | seconds |
|---|---|---|---|---|---|---|"""


def packages_of_apt():
    found = subprocess.run(["apt-cache", "pkgnames"], capture_output=True, text=True, check=True).stdout.split()
    return sorted(name for name in found if name.endswith("-dkms"))


def unpack(package, folder):
    """Returns the folder with the package's dkms.conf; nothing if apt cannot get the package."""
    target = folder / package
    if not target.is_dir():
        got = subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, capture_output=True, check=False)
        archive = next(folder.glob(f"{package}_*.deb"), None)
        if got.returncode != 0 or archive is None:
            return None
        subprocess.run(["dpkg-deb", "--extract", archive, target], check=True)
    confs = sorted(target.glob("usr/src/*/dkms.conf"))
    return confs[0].parent if confs else None


def finished_case(kmodtest, source, events, options):
    subprocess.run([kmodtest, "run", source, "--quiet", "--json", events, *options], capture_output=True, check=False)
    if not events.exists():
        return None
    found = [json.loads(line) for line in events.read_text().splitlines()]
    return next((event for event in found if event.get("event") == "CaseFinished"), None)


def codes_of(case):
    return {evidence["code"] for evidence in case["evidence"]}


def run_on(kmodtest, package, folder):
    """Returns a row of the table, and whether the package counts as right."""
    source = unpack(package, folder)
    if source is None:
        return None, True
    events = folder / f"{package}.jsonl"
    events.unlink(missing_ok=True)
    started = time.monotonic()
    case = finished_case(kmodtest, source, events, [])
    note = ""
    if case and NEEDS_SCRIPTS in codes_of(case):
        case = finished_case(kmodtest, source, events, ["--build-scripts"])
        note = " (with `--build-scripts`)"
    seconds = time.monotonic() - started
    if case is None:
        return f"| {package} | | | no | no | no case | {seconds:.0f} |", False
    return row_of(package, case, note, seconds), case["outcome"] in ("passed", "skipped")


def row_of(package, case, note, seconds):
    outcome = case["outcome"]
    built = not codes_of(case) & DOES_NOT_BUILD and outcome != "skipped"
    loaded = built and not any(evidence["summary"].startswith(("loading ", "preflight")) for evidence in case["evidence"])
    reason = case["skip_reason"] or (case["evidence"][0]["summary"] if case["evidence"] else "")
    shown = outcome + (f": {reason}" if reason else "")
    words = ["yes" if built else "no", "yes" if loaded else "no"]
    shown = shown.replace("|", "/").replace("\n", " ")
    number = len(case["modules"]) if built else ""
    return f"| {package}{note} | {case['kernel']} | {number} | {words[0]} | {words[1]} | {shown} | {seconds:.0f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kmodtest", default="build/kmodtest", type=pathlib.Path)
    parser.add_argument("--folder", default="/tmp/kmodtest-drivers", type=pathlib.Path)
    parser.add_argument("packages", nargs="*")
    wanted = parser.parse_args()

    wanted.folder.mkdir(parents=True, exist_ok=True)
    print(HEAD, flush=True)
    wrong = 0
    for package in wanted.packages or packages_of_apt():
        row, right = run_on(wanted.kmodtest.resolve(), package, wanted.folder)
        if row:
            print(row, flush=True)
        wrong += not right
    return min(wrong, 100)


if __name__ == "__main__":
    sys.exit(main())
