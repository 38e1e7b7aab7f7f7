// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case/guest_ending.hpp"

namespace kmodtest::run {

using judge::Ending;

Ending guest_ending(const agent::SessionError &error) {
  using Kind = agent::SessionError::Kind;
  return {.kind = error.kind() == Kind::timeout ? Ending::Kind::silent : Ending::Kind::channel_broken,
          .detail = error.what(),
          .code = error.code()};
}

Ending guest_ending(vm::GuestState state) {
  if (state == vm::GuestState::crashed)
    return {.kind = Ending::Kind::panicked, .detail = "the guest's kernel panicked"};
  if (state == vm::GuestState::reset)
    return {.kind = Ending::Kind::guest_reset, .detail = "the guest reset itself or powered itself off"};
  if (state == vm::GuestState::no_room)
    return {.kind = Ending::Kind::guest_gone,
            .detail =
                "the host has no room for what the guest wrote to its disk: free some, or set KMODTEST_RUNTIME to "
                "a folder on another disk",
            .code = base::Code::disk_full};
  return {.kind = Ending::Kind::guest_gone, .detail = "the guest's QEMU ended"};
}

}  // namespace kmodtest::run
