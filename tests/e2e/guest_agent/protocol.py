# SPDX-License-Identifier: GPL-2.0-or-later
"""A second implementation of docs/internals/protocol.md, to talk to the agent without kmodtest's C++ code."""

import select
import socket
import struct
import time
import zlib

VERSION = 14
HELLO, PUSH, RUN, CANCEL, OPEN_TERMINAL, TERMINAL_INPUT, RESIZE_TERMINAL, CONTINUE = range(1, 9)
REPORTS = ("Info Pushed Refused LogLines Baseline AfterUnload StepStarted Loaded Unloaded Threads Modules FileRead "
           "Written CommandEnded CpusSet StepEnded ProgramEnded TerminalOutput TerminalEnded Autopsy MemoryCounted "
           "TraceStarted TracePages TraceChecked Resting Idles FaultCalls DeviceCalled").split()
LOAD, UNLOAD, DMESG, PS, LSMOD, FILE, WRITE, RUN_COMMAND, CPUS, SLEEP, REPEAT, SCHED, WAIT, IOCTL, MMAP, POLL = range(16)
RESULTS = ("held", "violated", "expired", "refused")


def frame(kind, payload, ident=0, version=VERSION):
    head = b"KMT" + struct.pack("<BHHII", version, kind, 0, ident, len(payload))
    return head + payload + struct.pack("<I", zlib.crc32(head + payload))


# ---- writing values ----
def u8(v): return struct.pack("<B", v)
def u16(v): return struct.pack("<H", v)
def i32(v): return struct.pack("<i", v)
def u32(v): return struct.pack("<I", v)
def i64(v): return struct.pack("<q", v)
def u64(v): return struct.pack("<Q", v)


def text(v):
    v = v.encode() if isinstance(v, str) else v
    return u32(len(v)) + v


def seq(items): return u32(len(items)) + b"".join(items)
def optional(v, put): return b"\0" if v is None else b"\1" + put(v)
def pattern(p): return u8(1) + text(p[1:-1]) if p.startswith("/") else u8(0) + text(p)
def patterns(ps): return seq([pattern(p) for p in ps])
def span(r): return i64(r[0]) + i64(r[1])
def duration(seconds): return i64(int(seconds * 1e6))
def module(name, path, params=None): return text(name) + text(path) + seq([text(k) + text(v) for k, v in sorted((params or {}).items())])
def content(equals=None, contains=(), absent=(), number=None):
    return optional(equals, text) + patterns(contains) + patterns(absent) + optional(number, span)


def interval(of, low, high, gaps): return pattern(of) + duration(low) + duration(high) + u32(gaps)


# ---- steps ----
def load(modules, errno=0, cpu=-1): return u8(LOAD) + seq(modules) + i32(errno) + i32(cpu)
def unload(names, force=False, errno=0): return u8(UNLOAD) + seq([text(n) for n in names]) + u8(force) + i32(errno) + u8(0)


def dmesg(in_order=(), contains=(), absent=(), counts=(), intervals=(), since=0):
    return (u8(DMESG) + patterns(in_order) + patterns(contains) + patterns(absent) +
            seq([pattern(p) + span(r) for p, r in counts]) + seq([interval(*i) for i in intervals]) + u8(since))


def ps(thread, absent=False, count=None, states="", cpus=None, allowed=None):
    return (u8(PS) + text(thread) + u8(absent) + optional(count, span) + text(states) + optional(cpus, text) +
            optional(allowed, text) + seq([]) + optional(None, span) + optional(None, span))


def lsmod(name, absent=False, size=None, users=None, used_by=None):
    return (u8(LSMOD) + text(name) + u8(absent) + optional(size, span) + optional(users, span) +
            optional(used_by, lambda names: seq([text(n) for n in names])))


def file(path, absent=False, read=False, grows=None, **conditions):
    return (u8(FILE) + text(path) + u8(absent) + u8(read) + content(**conditions) +
            optional(grows, lambda g: span(g[0]) + interval("", *g[1:])))


def write(path, data, errno=0): return u8(WRITE) + text(path) + text(data) + i32(errno)


def run_command(command, background=False, status=(0, 0), out=None, err=None, name="", copies=1):
    return (u8(RUN_COMMAND) + text(command) + u8(background) + span(status) + content(**(out or {})) +
            content(**(err or {})) + text(name) + u32(copies))


def wait_command(name, signal=0, status=(0, 0), out=None, err=None):
    return u8(WAIT) + text(name) + i32(signal) + span(status) + content(**(out or {})) + content(**(err or {}))


def byte_pattern(values): return text(values) + text(b"\1" * len(values))


def ioctl(path, request, number=None, data=b"", errno=0, returns=None, gives=b""):
    return (u8(IOCTL) + text(path) + u64(request) + optional(number, u64) + text(data) + i32(errno) +
            optional(returns, span) + byte_pattern(gives))


def cpus(offline="", online=""): return u8(CPUS) + text(offline) + text(online)
def sleep(seconds): return u8(SLEEP) + duration(seconds)
def repeat(modules, times, warm_up=0, counts=1, hold=0.0):
    return u8(REPEAT) + seq(modules) + u32(warm_up) + u32(times) + u32(counts) + duration(hold) + u8(0)


def sched(): return u8(SCHED)


def step(body, within=60.0, hold=0.0, label="a step"): return body + duration(within) + duration(hold) + text(label)
def program(steps, modules=(), prerequisites=(), timeout=0, seed=0, trace=False, rests=False, settles=0, idles=0):
    return (seq(list(prerequisites)) + seq([text(m) for m in modules]) + seq(steps) +
            struct.pack("<qQ", int(timeout * 1e6), seed) + seq([]) + struct.pack("<BB", trace, rests) + seq([]) +
            struct.pack("<qqB", int(settles * 1e6), int(idles * 1e6), False))


def more(steps, modules=()): return seq([text(m) for m in modules]) + seq(steps)



# ---- reading values ----
class Reader:
    def __init__(self, data): self.data, self.at = data, 0

    def take(self, form):
        value = struct.unpack_from("<" + form, self.data, self.at)[0]
        self.at += struct.calcsize("<" + form)
        return value

    def bytes(self):
        size = self.take("I")
        self.at += size
        return self.data[self.at - size:self.at]

    def text(self): return self.bytes().decode("utf-8", "replace")

    def seq(self, one): return [one() for _ in range(self.take("I"))]
    def optional(self, one): return one() if self.take("B") else None

    def fields(self, spec):
        """'time:q name:s'"""
        return {name: self.text() if form == "s" else self.take(form)
                for name, form in (field.split(":") for field in spec.split())}

    def node(self): return self.fields("id:i cpus:s memory_kib:Q")
    def line(self): return self.fields("sequence:Q level:B facility:B time:q caller:s text:s")

    def thread(self):
        return self.fields("pid:i tgid:i ppid:i name:s full_name:s state:c cpu:i allowed_cpus:s voluntary:Q "
                           "involuntary:Q start_time:q kernel_thread:B waits_in:s policy:B priority:B nice:b")

    def module(self):
        m = self.fields("name:s size:Q users:i")
        m["used_by"] = self.seq(self.text)
        m.update(self.fields("state:s address:Q taint:s"))
        return m

    def inventory(self):
        v = self.fields("time:q taint:Q")
        v["threads"], v["modules"] = self.seq(self.thread), self.seq(self.module)
        v["new"], v["lost"] = self.seq(self.text), self.seq(self.text)
        v["majors"] = self.seq(lambda: self.fields("block:B major:i name:s"))
        v["timers"] = self.seq(lambda: self.fields("high_resolution:B address:Q function:Q symbol:s"))
        v["vmalloc"] = self.seq(lambda: self.fields("size:Q caller:Q"))
        v["settings"] = self.seq(lambda: self.fields("path:s before:s value:s"))
        return v

    def report(self, kind):
        name = REPORTS[kind - 0x101]
        if name == "Info":
            v = self.fields("protocol:H release:s version:s machine:s online:s possible:s")
            v["nodes"] = self.seq(self.node)
            v.update(self.fields("memory_kib:Q taint:Q uptime:q"))
        elif name == "LogLines":
            v = {"lines": self.seq(self.line), "lost": self.take("Q"), "left_out": self.take("Q")}
        elif name == "Baseline":
            v = self.inventory()
        elif name == "AfterUnload":
            v = {"step": self.take("I"), **self.inventory()}
        elif name == "Loaded":
            v = self.fields("step:I module:s error:i took:q")
            v["record"] = self.optional(self.module)
            v["busy"] = self.take("q")
            v["sections"] = dict(self.seq(lambda: (self.text(), self.take("Q"))))
        elif name == "MemoryCounted":
            v = self.fields("step:I time:q rounds:I")
            v["changed"] = self.seq(lambda: self.fields("name:s slab:B unit_size:Q count:q"))
        elif name == "Threads":
            v = {**self.fields("step:I time:q"), "threads": self.seq(self.thread)}
        elif name == "Modules":
            v = {**self.fields("step:I time:q"), "modules": self.seq(self.module)}
        elif name == "Autopsy":
            v = self.fields("step:I time:q caller:i")
            v["tasks"] = self.seq(lambda: {**self.thread(), "stack": self.text()})
        elif name == "TraceStarted":
            v = {"time": self.take("q"), "cpus": self.seq(lambda: self.take("I")), "header_page": self.text(),
                 "formats": self.seq(self.text), "error": self.text()}
        elif name == "DeviceCalled":
            v = self.fields("step:I path:s error:i value:q")
            v["bytes"] = self.bytes()
        elif name == "TracePages":
            v = {"cpu": self.take("I"), "pages": self.seq(self.bytes)}
        else:
            v = self.fields({
                "Pushed": "path:s size:Q error:s", "Refused": "reason:s", "StepStarted": "step:I time:q",
                "Unloaded": "step:I module:s error:i took:q busy:q",
                "FileRead": "step:I time:q path:s error:i content:s truncated:B",
                "Written": "step:I path:s error:i", "CommandEnded": "step:I status:i out:s err:s truncated:B",
                "CpusSet": "step:I cpu:i online:B error:i", "StepEnded": "step:I time:q result:B sequence:Q detail:s",
                "ProgramEnded": "time:q steps_done:I cancelled:B timed_out:B error:s prerequisite_error:i",
                "TraceChecked": "time:q lost:Q full:B", "Resting": "time:q", "Idles": "time:q until:q", "FaultCalls": "step:I text:s", "TerminalOutput": "data:s error:B", "TerminalEnded": "status:i"}[name])
        if self.at != len(self.data):
            raise ValueError(f"{name}: {len(self.data) - self.at} bytes too many")
        return name, v


class Agent:
    """A connection to the agent's channel."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer, self.ident = b"", 0

    def close(self): self.socket.close()

    def send(self, kind, payload=b"", ident=None, **options):
        if ident is None:
            self.ident += 1
            ident = self.ident
        self.socket.sendall(frame(kind, payload, ident, **options))
        return ident

    def receive(self, deadline=120.0):
        """Returns (id, name, fields) of the next agent message; None after `deadline` seconds."""
        end = time.monotonic() + deadline
        while True:
            if len(self.buffer) >= 16:
                magic, version, kind, _, ident, size = struct.unpack_from("<3sBHHII", self.buffer)
                assert magic == b"KMT" and version == VERSION, self.buffer[:64]
                if len(self.buffer) >= size + 20:
                    raw, self.buffer = self.buffer[:size + 20], self.buffer[size + 20:]
                    assert zlib.crc32(raw[:-4]) == struct.unpack("<I", raw[-4:])[0], "bad checksum"
                    return (ident, *Reader(raw[16:-4]).report(kind))
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError("the guest is gone")
            self.buffer += data

    def wait(self, wanted, deadline=120.0):
        while True:
            got = self.receive(deadline)
            if got is None:
                raise TimeoutError(f"no {wanted}")
            if got[1] == wanted:
                return got

    def info(self, idents, deadline=120.0):
        """Returns the Info that answers one of these requests; None if there is none in time."""
        end = time.monotonic() + deadline
        while got := self.receive(end - time.monotonic()):
            if got[1] == "Info" and got[0] in idents:
                return got[2]
        return None

    def hello(self):
        """Greets a running agent, repeatedly as docs/internals/protocol.md requires: the agent can drop a Hello that arrives
        while it notices that the previous host is gone."""
        idents = set()
        for _ in range(120):
            idents.add(self.send(HELLO, u16(VERSION)))
            if info := self.info(idents, 1.0):
                return info
        raise TimeoutError("no answer to Hello")

    def push(self, path, data, chunk=256 << 10):
        checksum = zlib.crc32(data)
        for at in range(0, max(len(data), 1), chunk):
            piece = data[at:at + chunk]
            last = at + chunk >= len(data)
            self.send(PUSH, text(path) + u64(at) + text(piece) + u8(last) + u32(checksum))
        return self.wait("Pushed")[2]

    def run(self, *args, deadline=120.0, **kwargs):
        """Returns all agent messages of a program."""
        ident = self.send(RUN, program(*args, **kwargs))
        reports = []
        while True:
            got = self.receive(deadline)
            if got is None:
                raise TimeoutError(f"the program fell silent after {reports[-3:]}")
            if got[0] != ident:
                continue
            reports.append(got[1:])
            if got[1] in ("ProgramEnded", "Refused"):
                return reports
