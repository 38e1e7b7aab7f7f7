// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/session.hpp"
#include "judge/observations.hpp"
#include "vm/guest.hpp"

/// What the judge has to know of a conversation that broke off, by who noticed it.
namespace kmodtest::run {

judge::Ending ending_of(const agent::SessionError &error);
/// Of a guest that does not run any more.
judge::Ending ending_of(vm::GuestState state);

}  // namespace kmodtest::run
