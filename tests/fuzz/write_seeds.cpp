// SPDX-License-Identifier: GPL-2.0-or-later
// write_seeds FOLDER: writes real messages as first inputs of the targets `frame` and `message`, and the BTF and
// kallsyms of the tests of kernel/. The build runs it, so that the seeds always use the current version of the
// protocol.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/btf_writer.hpp"
#include "support/kallsyms_writer.hpp"
#include "wire/frame.hpp"

namespace {

using namespace kmodtest;

wire::Program program() {
  const wire::Microseconds five_seconds{5'000'000};
  wire::Program program;
  program.prerequisites = {{"virtio_ring", "/tmp/modules/virtio_ring.ko", {}}};
  program.modules = {"ex7_4"};

  wire::LogCondition log;
  log.in_order = {{wire::Pattern::Kind::literal, "Thread started"}, {wire::Pattern::Kind::regex, "function [0-9]+$"}};
  log.absent = {{wire::Pattern::Kind::literal, "error"}};
  log.counts = {{{wire::Pattern::Kind::literal, "In thread"}, {1, 3}}};
  log.intervals = {{{wire::Pattern::Kind::literal, "In thread"}, {}, five_seconds, 2}};
  wire::ThreadCondition thread{"ex7_*", false, wire::Range{1, 1}, "SI", "3", "0-3"};
  wire::ModuleCondition module{"ex7_4", false, wire::Range{}, wire::Range{0, 0}, std::vector<std::string>{"other"}};
  wire::FileCondition file;
  file.path = "/proc/example5";
  file.grows = wire::Growth{{1, 1}, {{}, {}, five_seconds, 2}};
  wire::RunCommand run;
  run.command = "cat /proc/example5";
  run.out.number = wire::Range{0, 9};

  const std::vector<wire::StepBody> bodies = {
      wire::Load{{{"ex7_4", "/tmp/modules/ex7_4.ko", {{"cpu", "3"}}}}, 0},
      log,
      thread,
      module,
      file,
      wire::WriteFile{"/proc/example5", "1", 22},
      run,
      wire::SetCpus{"1-2", "3"},
      wire::Sleep{five_seconds},
      wire::Repeat{{{"ex7_4", "/tmp/modules/ex7_4.ko", {}}}, 10, 100, 10, five_seconds},
      wire::Unload{{"ex7_4"}, true, -1},
  };
  for (const wire::StepBody &body : bodies) {
    program.steps.push_back({body, five_seconds, {}, wire::step_name(body)});
  }
  return program;
}

std::vector<std::string> frames() {
  const wire::KernelLogLine line{339, 6, 0, wire::Microseconds{5'140'900}, "T1", "Thread started"};
  const wire::ThreadRecord thread{77,   77,      2, "ex7_4", "ex7_4", 'S', 3, "3", 4, 5, wire::Microseconds{120'000},
                                  true, "msleep"};
  const wire::ModuleRecord module{"ex7_4", 16384, 0, {"other"}, "Live", 0xffffffffc0000000, "OE"};
  wire::Inventory inventory;
  inventory.taint = 4096;
  inventory.threads = {thread};
  inventory.modules = {module};
  inventory.new_entries = {"/proc/example5"};
  inventory.majors = {{false, 240, "example5"}};
  inventory.timers = {{false, 0xffff888004a3c000, 0xffffffffc0000010, ""}};
  inventory.vmalloc = {{8192, 0xffffffffc0000023}};
  inventory.settings = {{"/proc/sys/kernel/panic", "0", "30"}};
  wire::Info info;
  info.agent.protocol = wire::kProtocolVersion;
  info.agent.kernel_release = "6.1.0-35-cloud-amd64";
  info.agent.cpus_online = "0-3";
  info.agent.nodes = {{0, "0-3", 262'144}};

  std::vector<std::string> frames;
  for (const wire::Request &request :
       {wire::Request(wire::Hello{}), wire::Request(wire::Push{"/tmp/modules/ex7_4.ko", 0, "\177ELF", true, 7}),
        wire::Request(wire::Run{program()}), wire::Request(wire::Cancel{}),
        wire::Request(wire::OpenTerminal{"sh", {"TERM=vt100"}, 24, 80}), wire::Request(wire::TerminalInput{"ls\r"}),
        wire::Request(wire::ResizeTerminal{25, 81}), wire::Request(wire::Continue{{"ex7_4"}, program().steps})}) {
    frames.push_back(wire::encode(request, 1));
  }
  for (const wire::AgentMessage &report :
       {wire::AgentMessage(info),
        wire::AgentMessage(wire::Pushed{}),
        wire::AgentMessage(wire::Refused{"no such request"}),
        wire::AgentMessage(wire::LogLines{{line, line}, 1}),
        wire::AgentMessage(wire::Baseline{inventory}),
        wire::AgentMessage(wire::AfterUnload{3, inventory}),
        wire::AgentMessage(wire::StepStarted{}),
        wire::AgentMessage(wire::Loaded{0, "ex7_4", 0, {}, module}),
        wire::AgentMessage(wire::Unloaded{}),
        wire::AgentMessage(wire::Threads{3, {}, {thread}}),
        wire::AgentMessage(wire::Modules{4, {}, {module}}),
        wire::AgentMessage(wire::FileRead{}),
        wire::AgentMessage(wire::Written{}),
        wire::AgentMessage(wire::DeviceCalled{2, "/dev/x", 0, 1, "ab"}),
        wire::AgentMessage(wire::CommandEnded{}),
        wire::AgentMessage(wire::CpusSet{}),
        wire::AgentMessage(wire::StepEnded{}),
        wire::AgentMessage(wire::ProgramEnded{}),
        wire::AgentMessage(wire::TerminalOutput{"a", true}),
        wire::AgentMessage(wire::TerminalEnded{}),
        wire::AgentMessage(wire::Autopsy{1, {}, 53, {{thread, "[<0>] msleep+0x2d/0x40\n"}}}),
        wire::AgentMessage(wire::MemoryCounted{1, {}, 10, {{"kmalloc-64", true, 64, 100}}}),
        wire::AgentMessage(wire::TraceStarted{{}, {0, 1}, "page", {"format"}, ""}),
        wire::AgentMessage(wire::TracePages{1, {"page"}}),
        wire::AgentMessage(wire::TraceChecked{{}, 7, true}),
        wire::AgentMessage(wire::Resting{})}) {
    frames.push_back(wire::encode(report, 2));
  }
  return frames;
}

std::string btf() {
  support::BtfWriter writer;
  const auto number = writer.integer("int", 4);
  const auto pointer = writer.pointer(number);
  const auto list = writer.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 8}});
  const auto thread = writer.structure("thread_struct", 16, {{"sp", writer.type_of("u64", number), 8}});
  const auto unnamed = writer.structure("", 8, {{"owner", number, 0}, {"tasks", list, 0}}, true);
  writer.structure("task_struct", 64, {{"pid", number, 0}, {"thread", thread, 8}, {"", unnamed, 24}});
  return writer.finish();
}

bool write(const std::filesystem::path &file, const std::string &bytes) {
  std::ofstream out(file, std::ios::binary);
  out << bytes;
  out.close();
  if (!out) std::fprintf(stderr, "write_seeds: cannot write %s\n", file.c_str());
  return bool(out);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_seeds FOLDER\n");
    return 2;
  }
  constexpr std::size_t kTypeAt = 4;
  constexpr std::size_t kChecksumSize = 4;
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder / "frame");
  std::filesystem::create_directories(folder / "message");

  std::string stream = "\x10";
  bool ok = true;
  int number = 0;
  for (const std::string &frame : frames()) {
    const std::string name = std::to_string(number++);
    const std::string payload =
        frame.substr(wire::kFrameHeaderSize, frame.size() - wire::kFrameHeaderSize - kChecksumSize);
    ok = write(folder / "message" / name, frame.substr(kTypeAt, 2) + payload) && ok;
    ok = write(folder / "frame" / name, "\x7f" + frame) && ok;
    stream += frame;
  }
  ok = write(folder / "frame" / "stream", stream) && ok;

  for (const char *target : {"struct_layouts", "kallsyms"}) std::filesystem::create_directories(folder / target);
  ok = write(folder / "struct_layouts" / "task", btf()) && ok;
  using support::Layout;
  const auto symbols = support::sample_symbols();
  ok = write(folder / "kallsyms" / "offsets_first", support::symbol_table(symbols, Layout::offsets_first)) && ok;
  ok = write(folder / "kallsyms" / "offsets_last", support::symbol_table(symbols, Layout::offsets_last)) && ok;
  return ok ? 0 : 1;
}
