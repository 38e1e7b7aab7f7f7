// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt/monitor.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>
#include <string_view>

#include "base/error.hpp"
#include "text/json.hpp"
#include "text/lines.hpp"
#include "text/number.hpp"
#include "vm/emulator.hpp"
#include "vm/libvirt/libvirt_error.hpp"
#include "vm/libvirt/libvirt_handles.hpp"
#include "wire/emulator_library.hpp"

namespace kmodtest::vm {
namespace {

// A file holds one state, so its name inside the file does not matter.

// The timer's port on a q35 machine (QEMU: ICH9's PMBASE and 8).
constexpr const char *kReadTimer = "i/wx 0x608";

/// Returns the bytes that are written as two digits each.
std::string bytes_of(std::string_view digits) {
  std::string bytes;
  for (std::size_t at = 0; at + 2 <= digits.size(); at += 2) {
    bytes += static_cast<char>(text::whole_number<unsigned char>(digits.substr(at, 2), 16).value_or(0));
  }
  return bytes;
}

}  // namespace

std::string Monitor::ask(const std::string &command) {
  char *reply = nullptr;
  const int status = virDomainQemuMonitorCommand(domain_, command.c_str(), &reply, VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP);
  const LibvirtString owned(reply);
  if (status != 0) throw libvirt_error(fmt::format("QEMU did not answer to '{}'", command));
  std::string text = owned ? owned.get() : "";
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

void Monitor::command(const std::string &command, const std::string &what_failed) {
  const std::string reply = ask(command);
  if (!reply.empty())
    throw base::Error(base::Code::qemu_refused, fmt::format("{}: {}", what_failed, reply),
                      "run it again; if the error persists, please report it");
}

void Monitor::pause() {
  command("stop", "cannot pause the guest");
}

void Monitor::resume() {
  command("cont", "cannot resume the guest");
}

void Monitor::save() {
  command(fmt::format("savevm {}", kStateName), "cannot save the guest's state");
}

void Monitor::load() {
  command(fmt::format("loadvm {}", kStateName), "cannot restore the guest's state");
}

bool Monitor::all_halted() {
  // x86 prints "… HLT=1" for each CPU.
  const std::string answer = ask("info registers -a");
  return answer.find("HLT=1") != std::string::npos && answer.find("HLT=0") == std::string::npos;
}

std::string Monitor::execute(const std::string &command, const std::vector<int> &files,
                             const std::string &what_failed) {
  std::vector<int> passed = files;
  char *reply = nullptr;
  const int status = virDomainQemuMonitorCommandWithFiles(domain_, command.c_str(),
                                                          static_cast<unsigned>(passed.size()), passed.data(), nullptr,
                                                          nullptr, &reply, VIR_DOMAIN_QEMU_MONITOR_COMMAND_DEFAULT);
  const LibvirtString owned(reply);
  if (status != 0) throw libvirt_error(what_failed);
  // {"error":{"class":"GenericError","desc":"dump: failed to save memory: No space left on device"},"id":"…"}
  const auto answer = text::Json::parse(owned ? owned.get() : "", nullptr, false);
  if (answer.is_discarded()) return {};
  if (answer.contains("error")) {
    const std::string why = answer["error"].value("desc", "");
    throw base::Error(base::Code::guest_memory_unread, fmt::format("{}: {}", what_failed, why));
  }
  return answer.contains("return") && answer["return"].is_string() ? answer["return"].get<std::string>() : "";
}

void Monitor::dump(int file) {
  const std::string what_failed = "cannot dump the guest's memory";
  execute(R"({"execute":"getfd","arguments":{"fdname":"kmodtest-dump"}})", {file}, what_failed);
  // Uses the compression that every reader of the format supports, and not "flattened", which fewer support.
  execute(R"({"execute":"dump-guest-memory","arguments":{"paging":false,"protocol":"fd:kmodtest-dump",)"
          R"("format":"kdump-raw-zlib"}})",
          {}, what_failed);
}

std::string Monitor::ask_library(const std::string &verb, const std::vector<MemoryRange> &pairs) {
  std::string question = verb;
  for (const MemoryRange &pair : pairs) question += fmt::format(" {:x} {:x}", pair.begin, pair.bytes);
  const std::string what_failed = "cannot look at the guest's memory";
  text::Json request = {{"execute", "qom-set"},
                        {"arguments", {{"path", "/"}, {"property", wire::kMemoryProperty}, {"value", question}}}};
  execute(text::json_text(request), {}, what_failed);
  request["execute"] = "qom-get";
  request["arguments"].erase("value");
  return execute(text::json_text(request), {}, what_failed);
}

std::vector<MemoryWord> Monitor::changed_pointers(const std::vector<MemoryRange> &into) {
  std::vector<MemoryWord> words;
  for (const std::string &line : text::lines_of(ask_library("find", into))) {
    std::string_view rest = line;
    const auto at = text::take_number<std::uint64_t>(rest, 16);
    if (!at || !rest.starts_with(' ')) continue;
    const auto value = text::whole_number<std::uint64_t>(rest.substr(1), 16);
    if (value) words.push_back({.at = *at, .value = *value});
  }
  return words;
}

std::vector<std::string> Monitor::pieces(const std::vector<MemoryRange> &wanted) {
  std::vector<std::string> pieces;
  for (const std::string &line : text::lines_of(ask_library("read", wanted))) pieces.push_back(bytes_of(line));
  pieces.resize(wanted.size());
  return pieces;
}

std::vector<CpuRegisters> Monitor::registers() {
  return parse_registers(ask("info registers -a"));
}

std::string Monitor::memory(std::uint64_t address, std::size_t size) {
  std::string bytes(size, '\0');
  if (virDomainMemoryPeek(domain_, address, size, bytes.data(), VIR_MEMORY_VIRTUAL) != 0) {
    throw libvirt_error(fmt::format("cannot read the guest's memory at {:#x}", address));
  }
  return bytes;
}

std::uint32_t Monitor::timer() {
  // "portw[0x0608] = 0x00a1b2c3"
  const std::string answer = ask(kReadTimer);
  const std::size_t value = answer.find("= 0x");
  if (value == std::string::npos)
    throw base::Error(base::Code::guest_memory_unread, "cannot read the guest's ACPI timer: " + answer);
  return static_cast<std::uint32_t>(std::strtoul(answer.c_str() + value + 2, nullptr, 16)) & 0xffffff;
}

void Monitor::serve_debugger(const std::filesystem::path &socket) {
  const std::string reply = ask(fmt::format("gdbserver unix:path={},server=on,wait=off", socket.string()));
  if (reply.find("Waiting for gdb connection") == std::string::npos) {
    throw base::Error(base::Code::debugger_refused, fmt::format("QEMU cannot serve a debugger: {}", reply),
                      "set KMODTEST_RUNTIME to a short path of your own");
  }
}

bool Monitor::panicked() {
  return ask("info status").find("guest-panicked") != std::string::npos;
}

}  // namespace kmodtest::vm
