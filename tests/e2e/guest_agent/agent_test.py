# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests the agent in a real guest, through a second implementation of the protocol.

    agent_test.py --agent build/kmodtest-agent [--channel virtio|ttyS1] [TEST…]

The deadlines are long, because they only limit failing tests. Tests about timing have their own checks.
"""

import argparse
import errno
import pathlib
import random
import sys
import tempfile
import time
import unittest

from guest import BUSYBOX, QEMU, Guest, initramfs
from inputs import build_probe, cached_kernel, check_programs, give_up
from protocol import (CANCEL, CONTINUE, HELLO, OPEN_TERMINAL, PUSH, RESIZE_TERMINAL, RESULTS, RUN, TERMINAL_INPUT,
                       VERSION, cpus, dmesg, file, frame, load, lsmod, module, more, program, ps, repeat, run_command, seq, sleep,
                       step, text, u8, u16, u32, u64, unload, write)

PROBE = "/tmp/modules/agent_probe.ko"


def probe(**params): return module("agent_probe", PROBE, params)
def of(reports, name): return [fields for kind, fields in reports if kind == name]
def results(reports): return [RESULTS[r["result"]] for r in of(reports, "StepEnded")]
def lines(reports): return [line["text"] for r in of(reports, "LogLines") for line in r["lines"]]


class Setting:
    """Settings that all guests of this run share; main() sets them."""

    image = archive = probe = None
    channel = "virtio"

    @classmethod
    def boot(cls): return Guest(cls.image, cls.archive, channel=cls.channel)


class AgentTest(unittest.TestCase):
    """Tests that leave their guest unchanged, so that they can share one."""

    @classmethod
    def setUpClass(cls):
        cls.guest = Setting.boot()
        cls.addClassCleanup(cls.guest.stop)
        cls.agent = cls.guest.agent
        assert cls.agent.push(PROBE, Setting.probe)["error"] == ""

    def run_steps(self, *steps, **options):
        reports = self.agent.run(list(steps), modules=["agent_probe"], **options)
        self.assertEqual(reports[-1][0], "ProgramEnded")
        return reports

    def test_whole_case(self):
        reports = self.run_steps(
            step(load([probe(cpu="1", word="two words")])),
            step(dmesg(in_order=["word is 'two words'", "round 1", "/round 3$/"],
                       intervals=[("round", 0.05, 20, 2)])),
            step(ps("agent_probe_with*", count=(1, 1), cpus="1", allowed="1"), hold=0.2),
            step(lsmod("agent_probe", users=(0, 0))),
            step(file("/proc/agent_probe", grows=((1, 1), 0.05, 20, 2))),
            step(unload(["agent_probe"])),
            step(dmesg(in_order=["thread ends", "gone"])),
            step(ps("agent_probe*", absent=True)))
        self.assertEqual(results(reports), ["held"] * 8)
        after = of(reports, "AfterUnload")[-1]
        self.assertEqual((after["new"], after["lost"], after["threads"]), ([], [], []))
        markers = [t for t in lines(reports) if t.startswith("kmodtest: ")]
        self.assertEqual(markers, ["kmodtest: start"] + [f"kmodtest: step {n}: a step" for n in range(1, 9)] +
                         ["kmodtest: end"])

    def test_repeat_loads_unloads_and_counts(self):
        reports = self.run_steps(step(repeat([probe()], times=4, warm_up=1, counts=2)))
        self.assertEqual([r["error"] for r in of(reports, "Loaded") + of(reports, "Unloaded")], [0] * 10)
        counted = of(reports, "MemoryCounted")
        self.assertEqual([c["rounds"] for c in counted], [0, 2, 4])
        names = [m["name"] for m in counted[0]["changed"]]
        self.assertTrue({"kmalloc-64", "VmallocUsed", "Percpu", "pages"} <= set(names), names)
        self.assertLess(len(counted[1]["changed"]), len(counted[0]["changed"]))
        after = of(reports, "AfterUnload")[-1]
        self.assertEqual([after[k] for k in ("new", "lost", "majors", "timers", "vmalloc")], [[], [], [], [], []])

    def test_repeat_ends_at_the_first_call_that_fails(self):
        reports = self.run_steps(step(repeat([probe(cpu="99")], times=4)))
        self.assertEqual([r["error"] for r in of(reports, "Loaded")], [errno.EINVAL])
        self.assertEqual(of(reports, "StepEnded")[-1]["detail"],
                         "loading agent_probe gave Invalid argument, expected success in round 1")
        self.assertEqual(results(reports), ["refused"])

    def test_trace_has_the_modules_thread_and_nothing_of_the_agent(self):
        steps = [step(load([probe(cpu="1")])), step(dmesg(contains=["round 3"])), step(unload(["agent_probe"]))]
        reports = self.run_steps(*steps, trace=True)
        self.assertEqual(results(reports), ["held"] * 3)
        started = of(reports, "TraceStarted")[0]
        self.assertEqual((started["cpus"], started["error"]), ([0, 1], ""))
        checked = of(reports, "TraceChecked")[-1]
        self.assertEqual((checked["lost"], checked["full"]), (0, 0))
        self.assertGreater(checked["time"], started["time"])
        pages = {cpu: b"".join(page for r in of(reports, "TracePages") if r["cpu"] == cpu for page in r["pages"])
                 for cpu in started["cpus"]}
        self.assertGreater(pages[1].count(b"agent_probe"), 6)
        self.assertNotIn(b"kmodtest-agent", pages[0] + pages[1])
        # The next program is not traced, and gets no events of this one.
        self.assertEqual([k for k, _ in self.run_steps(*steps) if k.startswith("Trace")], [])

    def test_leak_is_reported(self):
        reports = self.run_steps(step(load([probe(leak="1")])), step(unload(["agent_probe"])))
        self.assertEqual(of(reports, "AfterUnload")[-1]["new"], ["/proc/agent_probe_leak"])

    def test_refusals(self):
        reports = self.run_steps(step(load([probe(cpu="99")], errno=errno.EINVAL)), step(load([probe(cpu="99")])))
        self.assertEqual(results(reports), ["held", "refused"])
        self.assertEqual(of(reports, "StepEnded")[1]["detail"],
                         "loading agent_probe gave Invalid argument, expected success")
        reports = self.run_steps(step(write("/etc/x", "1")))
        self.assertEqual(of(reports, "Written")[0]["error"], errno.EPERM)
        reports = self.run_steps(step(unload(["nothing"], errno=errno.ENOENT)), step(unload(["nothing"], errno=-1)))
        self.assertEqual(results(reports), ["held", "held"])

    def test_conditions_that_do_not_hold(self):
        self.assertEqual(results(self.run_steps(step(dmesg(contains=["never"]), 0.3))), ["expired"])
        self.assertEqual(results(self.run_steps(step(ps("nobody"), 0.3))), ["expired"])
        reports = self.run_steps(step(load([probe()])), step(dmesg(absent=["round 3"]), hold=60))
        self.assertEqual(results(reports), ["held", "violated"])
        self.assertEqual([m["name"] for m in of(reports, "AfterUnload")[-1]["modules"]][0], "agent_probe")
        self.run_steps(step(unload(["agent_probe"])))

    def test_commands(self):
        reports = self.run_steps(
            step(run_command("sleep 100 & echo background", background=True)),
            step(run_command("echo out; echo err >&2; exit 3", status=(3, 3), out={"equals": "out"})),
            step(run_command("kill -9 $$", status=(137, 137))),
            step(run_command("head -c 300000 /dev/zero")),
            step(run_command("sleep 60"), 0.5))
        self.assertEqual(results(reports), ["held"] * 4 + ["expired"])
        ended = {r["step"]: r for r in of(reports, "CommandEnded")}
        self.assertEqual((ended[1]["out"], ended[1]["err"], ended[1]["status"]), ("out\n", "err\n", 3))
        self.assertEqual(ended[0]["out"], "background\n")
        self.assertEqual((len(ended[3]["out"]), ended[3]["truncated"]), (256 << 10, 1))
        self.assertEqual(ended[4]["status"], 137)
        left = of(self.run_steps(step(run_command("ps | grep -c '[s]leep [16]'", status=(1, 1)))), "CommandEnded")
        self.assertEqual(left[0]["out"], "0\n")

    def test_a_file_is_only_opened_for_its_content(self):
        reports = self.run_steps(
            step(run_command("mkfifo /tmp/fifo")), step(run_command("exec 3<> /tmp/fifo; sleep 100", background=True)),
            step(file("/tmp/fifo")), step(file("/dev/kmsg")), step(file("/tmp/none", absent=True)), step(file("/tmp/fifo", equals="x"), within=0.3))
        self.assertEqual(results(reports), ["held"] * 5 + ["expired"])
        errors = [r["error"] for r in of(reports, "FileRead")]
        self.assertEqual((errors[:3], errors[-1]), ([0, 0, errno.ENOENT], errno.EAGAIN))
        self.assertEqual(of(reports, "StepEnded")[-1]["detail"], "/tmp/fifo has no content yet: reading it would wait")

    def test_a_file_is_watched_until_it_changes(self):
        reports = self.run_steps(
            step(write("/tmp/watched", "1")), step(run_command("sleep 0.5; echo 2 > /tmp/watched", background=True)),
            step(file("/tmp/watched", equals="2"), within=20))
        self.assertEqual(results(reports), ["held"] * 3)
        self.assertEqual([r["content"].strip() for r in of(reports, "FileRead") if r["content"]], ["1", "2"])

    def test_cpus_and_writes(self):
        reports = self.run_steps(step(cpus(offline="1")), step(file("/sys/devices/system/cpu/online", equals="0")),
                                 step(cpus(online="0-1")), step(write("/proc/sys/kernel/panic", "5")),
                                 step(file("/proc/sys/kernel/panic", number=(5, 5))))
        self.assertEqual(results(reports), ["held"] * 5)
        after = of(reports, "AfterUnload")[-1]
        self.assertEqual((after["new"], after["lost"], after["threads"]), ([], [], []))

    def test_a_program_that_rests_goes_on_and_ends_as_it_is_told(self):
        ident = self.agent.send(RUN, program([step(write("/tmp/rests", "1"))], rests=True))
        self.agent.wait("Resting")
        self.agent.send(CONTINUE, more([step(file("/tmp/rests", read=True))]), ident)
        self.assertEqual(self.agent.wait("FileRead")[2]["content"], "1")
        self.agent.wait("Resting")
        self.agent.send(CONTINUE, more([]), ident)
        self.assertEqual(self.agent.wait("ProgramEnded")[2]["steps_done"], 2)
        self.agent.send(CONTINUE, more([]))
        self.assertEqual(self.agent.wait("Refused")[2]["reason"], "no program rests")
        ident = self.agent.send(RUN, program([step(file("/tmp/none"), within=0)], rests=True))
        self.assertEqual(self.agent.wait("ProgramEnded")[2]["steps_done"], 0, "a step that does not hold ends it")

    def test_cancel(self):
        ident = self.agent.send(RUN, program([step(sleep(100))]))
        self.agent.wait("StepStarted")
        second = self.agent.send(RUN, program([]))
        self.assertEqual(self.agent.wait("Refused")[::2], (second, {"reason": "a program is running already"}))
        self.agent.send(CANCEL)
        ended = self.agent.wait("ProgramEnded")
        self.assertEqual((ended[0], ended[2]["cancelled"], ended[2]["steps_done"]), (ident, 1, 0))

    def test_push(self):
        push = lambda *a: self.agent.send(PUSH, text(a[0]) + u64(a[1]) + text(a[2]) + u8(1) + u32(a[3]))
        for arguments, error in [
                (("/bin/busybox", 0, b"", 0), "a file cannot be at '/bin/busybox'"),
                (("/tmp/../etc/x", 0, b"", 0), "a file cannot be at '/tmp/../etc/x'"),
                (("/tmp/x", 0, b"abc", 1), "the checksum of /tmp/x is wrong"),
                (("/tmp/x", 7, b"abc", 1), "the start of /tmp/x is missing")]:
            push(*arguments)
            self.assertEqual(self.agent.wait("Pushed")[2]["error"], error)
        if Setting.channel != "virtio":
            return  # a serial line takes minutes
        big = random.Random(1).randbytes(5 << 20)
        begun = time.monotonic()
        self.assertEqual(self.agent.push("/tmp/a/b/big", big), {"path": "/tmp/a/b/big", "size": 5 << 20, "error": ""})
        print(f"\npush: {5 / (time.monotonic() - begun):.1f} MiB/s")
        # The guest's /tmp can hold half of its memory.
        self.assertEqual(self.agent.push("/tmp/full", bytes(130 << 20))["error"],
                         "cannot write /tmp/full: No space left on device")

    def test_bad_frames(self):
        unknown = self.agent.send(77, b"")
        self.assertEqual(self.agent.wait("Refused")[::2], (unknown, {"reason": "unknown message type 77"}))
        self.agent.send(RUN, b"\xff" * 40)
        self.assertIn("malformed message", self.agent.wait("Refused")[2]["reason"])
        noise = random.Random(2)
        for size in (1, 16, 1000, 300000):
            self.agent.socket.sendall(b"X" + noise.randbytes(size) + b"KMT\1")
            self.assertIn("bad magic", self.agent.wait("Refused")[2]["reason"])
            self.agent.hello()
        self.agent.socket.sendall(frame(HELLO, u16(1))[:-1] + b"?" + frame(HELLO, u16(1), 4711))
        self.assertIsNotNone(self.agent.info({4711}))

    def test_hello_inside_a_frame(self):
        self.agent.socket.sendall(frame(PUSH, bytes(1000))[:500])
        self.agent.hello()
        self.agent.socket.sendall(frame(PUSH, bytes(1000))[:10])
        self.agent.hello()

    def test_host_closes_in_the_middle(self):
        self.agent.send(RUN, program([step(sleep(2))]))
        self.agent.wait("StepStarted")
        self.agent.socket.sendall(frame(PUSH, bytes(1000))[:500])
        type(self).agent = self.guest.reconnect()
        self.assertEqual(self.agent.hello()["protocol"], VERSION)
        self.agent.wait("ProgramEnded")
        self.assertEqual(results(self.run_steps(step(sleep(0.01)))), ["held"])

    def session(self, ident):
        """Returns the output of a terminal, by stream, and how it ended."""
        written = {0: "", 1: ""}
        while (got := self.agent.receive()) is not None:
            if got[0] != ident:
                continue
            if got[1] == "TerminalOutput":
                written[got[2]["error"]] += got[2]["data"]
            if got[1] in ("TerminalEnded", "Refused"):
                return written[0], written[1], got[2]
        raise TimeoutError("the terminal fell silent")

    def open_terminal(self, command, rows=0, columns=0, environment=()):
        return self.agent.send(OPEN_TERMINAL, text(command) + seq([text(e) for e in environment]) +
                               u16(rows) + u16(columns))

    def test_terminal(self):
        ident = self.open_terminal("stty size; echo $WORD; read x; echo got $x; exit 7", 33, 99, ["WORD=abc"])
        self.agent.wait("TerminalOutput")  # "33 99"
        self.agent.send(RESIZE_TERMINAL, u16(20) + u16(40))
        self.agent.send(TERMINAL_INPUT, text("typed\n"))
        out, _, end = self.session(ident)
        self.assertEqual(end, {"status": 7})
        self.assertTrue(out.endswith("got typed\r\n"), out)

    def test_terminal_on_pipes(self):
        ident = self.open_terminal("cat; echo oops >&2; kill -9 $$")
        self.agent.send(TERMINAL_INPUT, text("a" * 100000))
        self.agent.send(TERMINAL_INPUT, text(""))
        self.assertEqual(self.session(ident), ("a" * 100000, "oops\n", {"status": 137}))

    def test_a_terminal_takes_the_place_of_another(self):
        self.open_terminal("cat", 10, 10)
        self.assertEqual(self.session(self.open_terminal("echo mine"))[0], "mine\n")
        self.assertEqual(results(self.run_steps(step(sleep(0.01)))), ["held"])

    def test_many_hosts(self):
        for _ in range(30):
            type(self).agent = self.guest.reconnect()
            self.agent.hello()


class RuinedGuestTest(unittest.TestCase):
    """Tests that leave their guest in a bad state, so that each needs its own."""

    def setUp(self):
        self.guest = Setting.boot()
        self.addCleanup(self.guest.stop)
        self.agent = self.guest.agent
        self.assertEqual(self.agent.push(PROBE, Setting.probe)["error"], "")

    def test_mounts_of_a_case_hide_nothing_from_the_agent(self):
        reports = self.agent.run(
            [step(load([probe()])), step(run_command("mount -t tmpfs none /sys; mount -t tmpfs none /proc")),
             step(lsmod("agent_probe")), step(ps("agent_probe*")), step(unload(["agent_probe"]))], modules=["agent_probe"])
        self.assertEqual(results(reports), ["held"] * 5)
        after = of(reports, "AfterUnload")[-1]
        self.assertEqual((after["new"], after["lost"]), ([], []))

    def test_load_that_never_comes_back(self):
        reports = self.agent.run([step(load([probe(stuck_seconds="600")]), 1.0)], modules=["agent_probe"])
        self.assertEqual(results(reports), ["expired"])
        self.assertEqual(results(self.agent.run([step(write("/tmp/alive", "1")), step(lsmod("agent_probe"))])),
                         ["held", "held"])

    def test_oops_in_init(self):
        reports = self.agent.run([step(load([probe(crash="1")]))], modules=["agent_probe"])
        self.assertEqual(results(reports), ["violated"])
        self.assertTrue(any("NULL pointer dereference" in line for line in lines(reports)))
        self.assertEqual(results(self.agent.run([step(write("/tmp/alive", "1"))])), ["held"])


def main():
    parser = argparse.ArgumentParser(description="Tests kmodtest's agent alone.")
    parser.add_argument("--agent", required=True, help="the program kmodtest-agent")
    parser.add_argument("--channel", default="virtio", choices=("virtio", "ttyS1"))
    options, rest = parser.parse_known_args()
    check_programs(QEMU, BUSYBOX, "make")
    if not pathlib.Path(options.agent).is_file():
        give_up(f"there is no agent at {options.agent}", "build kmodtest-agent")
    kernel = cached_kernel()
    Setting.image, Setting.channel = kernel["image"], options.channel
    Setting.archive = initramfs(options.agent, kernel["modules_dir"])
    with tempfile.TemporaryDirectory(prefix="kmodtest-probe-") as folder:
        Setting.probe = build_probe(kernel["headers"], folder).read_bytes()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)


if __name__ == "__main__":
    main()
