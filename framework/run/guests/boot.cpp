// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/boot.hpp"

#include <utility>

#include "run/case/guest_ending.hpp"
#include "run/case/stopwatch.hpp"
#include "vm/process.hpp"

namespace kmodtest::run {

using base::Task;
using judge::Ending;

std::function<std::chrono::milliseconds()> time_lost_by(const vm::Guest &guest) {
  return
      [pid = guest.qemu_pid()] { return std::chrono::duration_cast<std::chrono::milliseconds>(vm::kept_waiting(pid)); };
}

Task<Booted> boot_guest(vm::Hypervisor &hypervisor, Cancellation &cancellation, BootRequest request,
                        outcome::Timings &timings) {
  std::optional<Ending> why;
  Booted booted;
  const bool in_memory = request.spec.channel == vm::ChannelKind::memory;
  {
    const Stopwatch watch(timings.start);
    booted.guest = co_await hypervisor.start(std::move(request.spec), std::move(request.name));
  }
  if (request.started) request.started();
  const Stopwatch watch(timings.boot);
  vm::Guest &guest = *booted.guest;
  const auto cut_short = [&](Ending ending) {
    if (!why) why = std::move(ending);
    if (booted.session) booted.session->close();
  };
  const Cancellation::Registration registration(
      cancellation, [&] { cut_short({.kind = Ending::Kind::stopped_early, .detail = "interrupted"}); });
  guest.on_state_change([&](vm::GuestState state) { cut_short(guest_ending(state)); });
  auto executor = co_await base::asio::this_coro::executor;
  try {
    if (in_memory) {
      booted.session = std::make_unique<agent::Session>(
          agent::make_memory_transport(executor, guest.shared_memory(), agent::SharedState::fresh));
    } else {
      base::UnixSocket socket = co_await guest.open_channel();
      booted.session = std::make_unique<agent::Session>(std::move(socket));
    }
    if (const auto state = guest.state(); state != vm::GuestState::running) cut_short(guest_ending(state));
    if (why) booted.session->close();
    auto lost = time_lost_by(guest);
    booted.agent = co_await booted.session->ready(request.deadline, std::move(lost));
    co_await booted.session->settled(request.deadline);
  } catch (const agent::SessionError &error) {
    booted.ending = guest_ending(error);
  }
  guest.on_state_change({});
  if (why) {
    booted.agent.reset();
    booted.ending = *why;
  }
  co_return booted;
}

}  // namespace kmodtest::run
