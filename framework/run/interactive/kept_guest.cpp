// SPDX-License-Identifier: GPL-2.0-or-later
// --pause-on-failure: the guest of the first case that did not pass stays as it is until a signal comes.
#include <fmt/core.h>
#include <utility>

#include "base/task.hpp"
#include "judge/observations.hpp"
#include "run/interactive/guest_gateway.hpp"
#include "run/runner_state.hpp"

namespace kmodtest::run {

using base::Task;

namespace {

/// Returns why a shell in this guest cannot work; empty if it can.
std::string why_no_shell(const vm::Guest &guest, const outcome::CaseFinished &finished) {
  if (guest.state() == vm::GuestState::crashed) return "its kernel panicked, so there is no shell in it any more";
  const judge::Ending::Kind ending = finished.seen ? finished.seen->ending.kind : judge::Ending::Kind::not_started;
  if (ending == judge::Ending::Kind::silent || ending == judge::Ending::Kind::timed_out) {
    return "its agent fell silent, so a shell in it may not come";
  }
  return "";
}

}  // namespace

Task<> Runner::keep_guest(State &state, Worker &own, const outcome::CaseFinished &finished) {
  const std::string which = finished.test_case->id;
  state.schedule.drop_rest();
  if (state.let_guest_go || state.cancellation.cancelled()) co_return;  // another one is kept already
  vm::Guest *guest = own.slot->guest();
  if (guest == nullptr || guest->state() == vm::GuestState::stopped) {
    tell(outcome::Notice{fmt::format("there is no guest of {} to keep: it has ended", which)});
    co_return;
  }
  base::Event let_go(state.io);
  std::optional<GuestGateway> gateway;
  state.let_guest_go = [&let_go, &gateway] {
    let_go.set();
    if (gateway) gateway->close();
  };
  struct Kept {
    explicit Kept(State &of) : state(of) {}
    ~Kept() { state.let_guest_go = {}; }
    State &state;
  };
  {
    const Kept kept(state);
    tell(outcome::Notice{fmt::format("the guest of {} is kept as it is; Ctrl-C lets it go and ends the run", which)});
    if (!finished.artifacts.empty()) {
      tell(outcome::Notice{fmt::format("what came out:  {}", (finished.artifacts / "verdict.txt").string())});
    }
    if (const std::string problem = why_no_shell(*guest, finished); !problem.empty()) tell(outcome::Notice{problem});
    if (guest->state() == vm::GuestState::running) {
      gateway.emplace(*guest, state.io, state.pool);
      tell(outcome::Notice{fmt::format("enter it:  kmodtest shell --attach {}", gateway->name())});
    }
    if (!state.debugger) {  // otherwise a debugger is in it already
      const std::filesystem::path socket = co_await guest->serve_debugger();
      tell(outcome::Notice{fmt::format("debug it:  gdb -ex 'target remote {}'", socket.string())});
    }
    if (gateway) {
      co_await gateway->serve();
    } else {
      co_await let_go.wait();
    }
  }
  own.slot->distrust();
}

}  // namespace kmodtest::run
