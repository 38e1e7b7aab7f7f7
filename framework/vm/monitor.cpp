// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/monitor.hpp"

#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>

#include "base/error.hpp"
#include "vm/libvirt_error.hpp"
#include "vm/libvirt_handles.hpp"

namespace kmodtest::vm {
namespace {

// A file holds one state, so its name inside the file does not matter.
constexpr const char *kStateName = "kmodtest";

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
  if (!reply.empty()) throw base::Error(fmt::format("{}: {}", what_failed, reply));
}

void Monitor::pause() {
  command("stop", "cannot pause the guest");
}

void Monitor::resume() {
  command("cont", "cannot let the guest go on");
}

void Monitor::save() {
  command(fmt::format("savevm {}", kStateName), "cannot save the guest's state");
}

void Monitor::load() {
  command(fmt::format("loadvm {}", kStateName), "cannot restore the guest's state");
}

bool Monitor::all_halted() {
  // x86 prints "… HLT=1" for each CPU.
  const std::string registers = ask("info registers -a");
  return registers.find("HLT=1") != std::string::npos && registers.find("HLT=0") == std::string::npos;
}

void Monitor::serve_debugger(const std::filesystem::path &socket) {
  const std::string reply = ask(fmt::format("gdbserver unix:path={},server=on,wait=off", socket.string()));
  if (reply.find("Waiting for gdb connection") == std::string::npos) {
    throw base::Error(fmt::format("QEMU cannot serve a debugger: {}", reply));
  }
}

bool Monitor::panicked() {
  return ask("info status").find("guest-panicked") != std::string::npos;
}

}  // namespace kmodtest::vm
