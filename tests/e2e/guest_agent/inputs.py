# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs of the test: the kernel that `kmodtest kernels fetch` put into the cache, and the probe built against it."""

import os
import pathlib
import shutil
import subprocess
import sys

KERNEL = "debian-6.1-cloud"
# This can run below a make, whose flags are not meant for Kbuild.
NOT_FOR_KBUILD = ("MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS KBUILD_OUTPUT KBUILD_EXTMOD KERNELRELEASE "
                  "CROSS_COMPILE M O").split()


def give_up(what, hint):
    sys.exit(f"agent_test: {what}\n  hint: {hint}")


def cache_folder():
    """Returns the cache folder that kmodtest would use (framework/storage/cache_folder.cpp)."""
    if own := os.environ.get("KMODTEST_CACHE"):
        return pathlib.Path(own).absolute()
    if (xdg := os.environ.get("XDG_CACHE_HOME", "")).startswith("/"):
        return pathlib.Path(xdg, "kmodtest")
    return pathlib.Path.home() / ".cache/kmodtest"


def cached_kernel():
    """Returns the manifest's lines `key: value`: image, modules_dir, headers (whole paths) and more."""
    manifest = cache_folder() / "kernels" / KERNEL / "manifest.yaml"
    if not manifest.is_file():
        give_up(f"the kernel {KERNEL} is not in the cache: {manifest} is missing", "kmodtest kernels fetch")
    kernel = dict(line.split(": ", 1) for line in manifest.read_text().splitlines() if ": " in line and line[0] != " ")
    for key in ("image", "modules_dir", "headers"):
        kernel[key] = str(manifest.parent / kernel.get(key, "missing"))
        if not os.path.exists(kernel[key]):
            give_up(f"the kernel {KERNEL} is not whole: its {key} is missing", "kmodtest kernels fetch")
    return kernel


def check_programs(*programs):
    for program in programs:
        if shutil.which(program) is None:
            give_up(f"there is no program {program} on this machine", "tools/install-dependencies.sh --check")


def build_probe(headers, folder):
    """Builds module/ in `folder`, so that the source tree stays clean; returns the path of the .ko."""
    source = pathlib.Path(__file__).parent / "module"
    shutil.copytree(source, folder, dirs_exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_KBUILD}
    make = subprocess.run(["make", "-C", headers, f"M={folder}", "ARCH=x86", "modules"], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if make.returncode != 0:
        give_up(f"{source} does not build for the kernel {KERNEL}:\n{make.stdout}",
                "the same error with `kmodtest run` on a module's folder means that the cached headers are damaged")
    return pathlib.Path(folder, "agent_probe.ko")
