// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

#include "base/asio.hpp"
#include "outcome/event.hpp"
#include "run/guests/guest_pool.hpp"
#include "run/guests/guest_slot.hpp"

namespace kmodtest::run {

/// Keeps the guest of the first case that did not pass (--pause-on-failure). Lives on the pool's thread.
class KeptGuest {
 public:
  explicit KeptGuest(GuestPool &pool) : pool_(pool) {}

  /// Keeps the guest until let_go() is called, and shows the user how to enter it. Returns at once if another guest is
  /// kept, or the run is cancelled. `debugged`: a debugger is in the guest already.
  base::Task<> keep(GuestSlot &slot, const outcome::CaseFinished &finished, bool debugged);

  bool is_keeping() const { return static_cast<bool>(end_); }
  void let_go() { end_(); }

 private:
  base::Task<> serve(vm::Guest &guest, const outcome::CaseFinished &finished, bool debugged);

  GuestPool &pool_;
  std::function<void()> end_;  ///< empty: no guest is kept
};

}  // namespace kmodtest::run
