// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/session.hpp"
#include "judge/observations.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// Describes for the judge why the session with a guest broke off.
judge::Ending guest_ending(const agent::SessionError &error);
/// Describes for the judge how a guest that no longer runs has ended.
judge::Ending guest_ending(vm::GuestState state);

}  // namespace kmodtest::run
