# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots the agent in a plain QEMU: an initramfs made by hand, the channel on a Unix socket."""

import os
import pathlib
import subprocess
import tempfile
import time

from protocol import Agent

CHANNEL_MODULES = ("virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_console").split()


def cpio(entries):
    """The newc archive of (name, mode, content)."""
    archive = b""
    for inode, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        encoded = name.encode() + b"\0"
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        archive += b"070701" + b"".join(b"%08X" % f for f in fields) + encoded
        archive += b"\0" * (-len(archive) % 4) + data
        archive += b"\0" * (-len(archive) % 4)
    return archive


def initramfs(agent, modules_root, busybox="/bin/busybox"):
    entries = [(folder, 0o040755, b"") for folder in ("bin", "dev", "proc", "sys", "tmp", "modules")]
    entries.append(("init", 0o100755, pathlib.Path(agent).read_bytes()))
    entries.append(("bin/busybox", 0o100755, pathlib.Path(busybox).read_bytes()))
    entries.append(("bin/sh", 0o120777, b"busybox"))
    order = []
    for name in CHANNEL_MODULES:
        for found in pathlib.Path(modules_root).rglob(name + ".ko"):
            entries.append((f"modules/{name}.ko", 0o100644, found.read_bytes()))
            order.append(f"/modules/{name}.ko\n")
    entries.append(("modules/order", 0o100644, "".join(order).encode()))
    return cpio(entries)


class Guest:
    """A running guest; `ready_seconds` is the time from QEMU's start to READY."""

    def __init__(self, kernel, archive, cpus=2, channel="virtio", append="", wait_for_ready=True,
                 accelerator="tcg", arguments=()):
        self.folder = tempfile.TemporaryDirectory(prefix="kmt-guest-")
        path = pathlib.Path(self.folder.name)
        (path / "initrd").write_bytes(archive)
        self.channel = str(path / "channel")
        self.console = path / "console"
        device = (["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=c,name=org.kmodtest.agent.0"]
                  if channel == "virtio" else ["-serial", "chardev:c"])
        words = (f"console=ttyS0 quiet printk.devkmsg=on panic=-1 no_timer_check kmodtest.channel={channel} {append}")
        started = time.monotonic()
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "q35", "-accel", accelerator, "-bios", "/usr/share/qemu/qboot.rom", "-m",
             "256", "-smp", str(cpus), "-display", "none", "-nodefaults", "-no-reboot", "-kernel", str(kernel),
             "-initrd", str(path / "initrd"), "-append", words, "-serial", f"file:{self.console}", "-chardev",
             f"socket,id=c,path={self.channel},server=on,wait=off", *device, *arguments])
        while not os.path.exists(self.channel):
            time.sleep(0.005)
        self.agent = self.info = None
        if wait_for_ready:
            self.agent = Agent(self.channel)
            self.info = self.agent.wait("Info", 60)[2]
            self.ready_seconds = time.monotonic() - started

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def __enter__(self): return self
    def __exit__(self, *_): self.stop()
