# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots the agent in a plain QEMU, with a hand-made initramfs and the channel on a Unix socket."""

import ctypes
import pathlib
import signal
import socket
import subprocess
import tempfile

from protocol import Agent

QEMU = "qemu-system-x86_64"
BUSYBOX = "/bin/busybox"
CHANNEL_MODULES = ("virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_console").split()


def cpio(entries):
    """Returns a newc archive of entries (name, mode, content)."""
    archive = b""
    for inode, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        encoded = name.encode() + b"\0"
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        archive += b"070701" + b"".join(b"%08X" % f for f in fields) + encoded
        archive += b"\0" * (-len(archive) % 4) + data
        archive += b"\0" * (-len(archive) % 4)
    return archive


def initramfs(agent, modules_root, busybox=BUSYBOX):
    entries = [(folder, 0o040755, b"") for folder in ("bin", "dev", "proc", "sys", "tmp", "modules")]
    entries.append(("init", 0o100755, pathlib.Path(agent).read_bytes()))
    entries.append(("bin/busybox", 0o100755, pathlib.Path(busybox).read_bytes()))
    entries.append(("bin/sh", 0o120777, b"busybox"))
    order = []
    for name in CHANNEL_MODULES:
        for found in pathlib.Path(modules_root).rglob(name + ".ko"):
            entries.append((f"modules/{name}.ko", 0o100644, found.read_bytes()))
            order.append(f"/modules/{name}.ko\n")
    entries.append(("modules/virtio", 0o100644, "".join(order).encode()))
    return cpio(entries)


def end_with_us():
    """Makes the kernel send SIGKILL to QEMU when this process ends, however it ends (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Guest:
    """A running guest whose READY was seen; `agent` is the connection to it."""

    def __init__(self, kernel, archive, cpus=2, channel="virtio"):
        self.folder = tempfile.TemporaryDirectory(prefix="kmt-guest-")
        path = pathlib.Path(self.folder.name)
        (path / "initrd").write_bytes(archive)
        self.channel, self.console = str(path / "channel"), path / "console"
        device = (["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=c,name=org.kmodtest.agent.0"]
                  if channel == "virtio" else ["-serial", "chardev:c"])
        # nokaslr, as kmodtest boots a bzImage: a kernel that moves itself can have its own timers where the agent
        # expects those of modules.
        words = (f"console=ttyS0 quiet printk.devkmsg=on panic=-1 no_timer_check cryptomgr.notests nokaslr "
                 f"kmodtest.channel={channel}")
        # This process listens and QEMU connects, so that there is no need to wait for a socket.
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.channel)
            listener.listen(4)
            self.process = subprocess.Popen(
                [QEMU, "-machine", "q35", "-accel", "tcg", "-m", "256", "-smp", str(cpus), "-display", "none",
                 "-nodefaults", "-no-reboot", "-kernel", str(kernel), "-initrd", str(path / "initrd"), "-append", words,
                 "-serial", f"file:{self.console}", "-chardev", f"socket,id=c,fd={listener.fileno()},server=on,wait=off",
                 *device], pass_fds=[listener.fileno()], preexec_fn=end_with_us)
        self.agent = Agent(self.channel)
        try:
            self.info = self.agent.wait("Info")[2]
        except (OSError, EOFError, TimeoutError):
            console = self.console.read_text(errors="replace") if self.console.exists() else ""
            self.stop()
            raise AssertionError(f"the guest did not come up; its console:\n{console[-3000:]}") from None

    def reconnect(self):
        """Closes the channel and opens it again, like a new host."""
        self.agent.close()
        self.agent = Agent(self.channel)
        return self.agent

    def stop(self):
        self.agent.close()
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()
