// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/child_reaper.hpp"

#include <csignal>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/process.hpp"

namespace kmodtest::vm {
namespace {

bool is_emulator(const std::string &name) {
  return name.starts_with("qemu-system") || name == KMODTEST_EMULATOR_NAME;
}

}  // namespace

ChildReaper::ChildReaper(base::asio::io_context &io) : child_ended_(io, SIGCHLD) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  arm();
}

void ChildReaper::arm() {
  child_ended_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    reap_daemonized_qemus();
    arm();
  });
}

int reap_daemonized_qemus() {
  // Never waitpid(-1): it would reap processes that libvirt waits for.
  const int self = static_cast<int>(::getpid());
  const int session = static_cast<int>(::getsid(0));
  int reaped = 0;
  for (const ProcessStat &process : all_processes()) {
    if (process.parent != self || process.state != 'Z' || process.session == session) continue;
    if (is_emulator(process.name) && ::waitpid(process.pid, nullptr, WNOHANG) == process.pid) ++reaped;
  }
  return reaped;
}

}  // namespace kmodtest::vm
