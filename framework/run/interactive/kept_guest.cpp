// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/interactive/kept_guest.hpp"

#include <fmt/core.h>
#include <optional>
#include <utility>

#include "base/task.hpp"
#include "judge/observations.hpp"
#include "run/interactive/guest_gateway.hpp"

namespace kmodtest::run {

using base::Task;

namespace {

/// Returns why a shell in this guest cannot work; empty if it can.
std::string why_no_shell(const vm::Guest &guest, const outcome::CaseFinished &finished) {
  if (guest.state() == vm::GuestState::crashed) return "its kernel panicked, so it can no longer run a shell";
  const judge::Ending::Kind ending = finished.seen ? finished.seen->ending.kind : judge::Ending::Kind::not_started;
  if (ending == judge::Ending::Kind::silent || ending == judge::Ending::Kind::timed_out) {
    return "its agent fell silent, so a shell might not start in it";
  }
  return "";
}

/// Forgets how to end the keeping when it is over, however it ended.
class Forget {
 public:
  explicit Forget(std::function<void()> &end) : end_(end) {}
  ~Forget() { end_ = {}; }
  Forget(const Forget &) = delete;
  Forget &operator=(const Forget &) = delete;

 private:
  std::function<void()> &end_;
};

}  // namespace

Task<> KeptGuest::keep(GuestSlot &slot, const outcome::CaseFinished &finished, bool debugged) {
  if (is_keeping() || pool_.cancellation().cancelled()) co_return;
  vm::Guest *guest = slot.guest();
  if (guest == nullptr || vm::is_gone(guest->state())) {
    pool_.say(fmt::format("there is no guest of {} to keep: it has ended", finished.test_case->id));
    co_return;
  }
  co_await serve(*guest, finished, debugged);
  slot.distrust();
}

Task<> KeptGuest::serve(vm::Guest &guest, const outcome::CaseFinished &finished, bool debugged) {
  base::Event ended(pool_.io());
  std::optional<GuestGateway> gateway;
  const Forget forget(end_);
  end_ = [&ended, &gateway] {
    ended.set();
    if (gateway) gateway->close();
  };
  pool_.say(fmt::format("the guest of {} is kept; Ctrl-C releases it and ends the run", finished.test_case->id));
  if (!finished.artifacts.empty()) {
    pool_.say(fmt::format("what came out:  {}", (finished.artifacts / "verdict.txt").string()));
  }
  if (const std::string problem = why_no_shell(guest, finished); !problem.empty()) pool_.say(problem);
  if (guest.state() == vm::GuestState::running) {
    gateway.emplace(guest, pool_.io(), pool_);
    pool_.say(fmt::format("enter it:  kmodtest shell --attach {}", gateway->name()));
  }
  if (!debugged) {
    const std::filesystem::path socket = co_await guest.serve_debugger();
    pool_.say(fmt::format("debug it:  gdb -ex 'target remote {}'", socket.string()));
  }
  if (gateway) {
    co_await gateway->serve();
  } else {
    co_await ended.wait();
  }
}

}  // namespace kmodtest::run
