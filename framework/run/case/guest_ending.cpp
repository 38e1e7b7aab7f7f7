// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case/guest_ending.hpp"

namespace kmodtest::run {

using judge::Ending;

Ending guest_ending(const agent::SessionError &error) {
  using Kind = agent::SessionError::Kind;
  return {error.kind() == Kind::timeout ? Ending::Kind::silent : Ending::Kind::channel_broken, error.what(),
          error.code()};
}

Ending guest_ending(vm::GuestState state) {
  if (state == vm::GuestState::crashed) return {Ending::Kind::panicked, "the guest's kernel panicked"};
  return {Ending::Kind::guest_gone, "the guest's QEMU ended"};
}

}  // namespace kmodtest::run
