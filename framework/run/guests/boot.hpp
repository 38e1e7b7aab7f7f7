// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/session.hpp"
#include "base/asio.hpp"
#include "judge/observations.hpp"
#include "outcome/event.hpp"
#include "run/cancellation.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// The guest to boot.
struct BootRequest {
  vm::GuestSpec spec;
  std::string name;
  std::chrono::milliseconds deadline{};  ///< in wall time, until the agent is ready
  std::function<void()> started = {};    ///< called when QEMU runs; can be empty
};

/// A guest that was started, and its agent, if that became ready.
struct Booted {
  std::unique_ptr<vm::Guest> guest;
  std::unique_ptr<agent::Session> session;
  std::optional<wire::AgentInfo> agent;  ///< nothing: the guest did not come up, see `ending`
  judge::Ending ending;
};

/// Starts a guest and waits until its agent is ready. Does not end a guest that does not come up. Adds to the timings
/// `start` and `boot`. Throws base::Error if no guest can be started.
base::Task<Booted> boot_guest(vm::Hypervisor &hypervisor, Cancellation &cancellation, BootRequest request,
                              outcome::Timings &timings);

/// Returns a function that measures how long the guest's QEMU has waited for a processor. On a busy machine, a boot
/// gets that much more time.
std::function<std::chrono::milliseconds()> time_lost_by(const vm::Guest &guest);

}  // namespace kmodtest::run
