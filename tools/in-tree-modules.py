#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads and unloads the modules of a kernel's own package, each in a guest of its own, and lists every accusation.

usage: tools/in-tree-modules.py [--kmodtest FILE] [--kernel NAME] [--jobs N] [--most N] [--with OPTION ...] [FOLDER ...]

FOLDER is below lib/modules/RELEASE/kernel (default: crypto, fs, lib, net, drivers/block, drivers/md, drivers/net).
OPTION is added to `kmodtest run`: --with=--check-memory, --with=--fail-each, --with=--races=order.
A module that does not load, mostly for want of its hardware, is only counted. No other outcome than Passed is expected:
each of the others is printed with its reason, and a person has to look at it. The exit status is their number (at most 100).
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

DEFAULT_FOLDERS = ["crypto", "fs", "lib", "net", "drivers/block", "drivers/md", "drivers/net"]


def name_of(path):
    return pathlib.Path(path).name.split(".ko")[0]


def read_dependencies(release):
    """Returns, for each module's path, the names of the modules that it needs."""
    needs = {}
    for line in (release / "modules.dep").read_text().splitlines():
        path, _, others = line.partition(":")
        needs[path] = [name_of(other) for other in reversed(others.split())]
    return needs


def write_plan(folder, release, path, needs):
    name = name_of(path)
    shutil.copy(release / path, folder)
    lines = [f"module: {{path: {pathlib.Path(path).name}, name: {name.replace('-', '_')}}}", "guest: {cpus: 2}",
             "checks: {taint: false}", "steps: [load, unload]"]
    if needs:
        lines.insert(1, f"kernel_modules: [{', '.join(needs)}]")
    (folder / f"{name}.yaml").write_text("\n".join(lines) + "\n")


def does_not_load(case):
    first = case["evidence"][0]["summary"] if case["evidence"] else ""
    return case["outcome"] == "failed" and (first.startswith("loading ") or "preflight" in first or "load" in first)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kmodtest", default="build/kmodtest")
    parser.add_argument("--kernel", default="debian-6.1-cloud")
    parser.add_argument("--jobs", default=str(os.cpu_count()))
    parser.add_argument("--most", type=int, default=10000)
    parser.add_argument("--with", dest="options", action="append", default=[])
    parser.add_argument("folders", nargs="*", default=DEFAULT_FOLDERS)
    wanted = parser.parse_args()

    cache = pathlib.Path(os.environ.get("KMODTEST_CACHE") or pathlib.Path.home() / ".cache/kmodtest")
    release = next((cache / "kernels" / wanted.kernel / "lib/modules").iterdir())
    needs = read_dependencies(release)
    paths = [path for path in needs if any(path.startswith(f"kernel/{folder}/") for folder in wanted.folders)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for path in sorted(paths)[:wanted.most]:
            write_plan(folder, release, path, needs[path])
        events = folder / "events.jsonl"
        subprocess.run([wanted.kmodtest, "run", folder, "--kernel", wanted.kernel, "--jobs", wanted.jobs, "--quiet",
                        "--json", events, *wanted.options], stdout=subprocess.DEVNULL, check=False)
        cases = [event for event in map(json.loads, events.read_text().splitlines())
                 if event.get("event") == "CaseFinished"]
    outcomes = collections.Counter()
    accused = []
    for case in cases:
        unloadable = does_not_load(case)
        outcomes["not loaded" if unloadable else case["outcome"]] += 1
        if case["outcome"] != "passed" and not unloadable:
            accused.append(case)
    for case in accused:
        point = " ".join(f"{axis}={value}" for axis, value in case["point"].items())
        print(f"{case['plan']} [{point}]: {case['outcome']}")
        for evidence in case["evidence"]:
            print("   ", evidence["summary"])
            for line in (evidence.get("seen") or "").splitlines():
                print("       ", line)
    print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    return min(len(accused), 100)


if __name__ == "__main__":
    sys.exit(main())
