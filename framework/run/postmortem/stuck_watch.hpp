// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/asio.hpp"
#include "base/task.hpp"
#include "run/postmortem/stuck_signs.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// Watches a guest under virtual time that runs its program. While reports come it does nothing at all; when none has
/// come for long (Silence) it looks at the guest from outside, which may move what its CPUs do by some instructions.
class StuckWatch : public std::enable_shared_from_this<StuckWatch> {
 public:
  using GiveUp = std::function<void(const std::string &why)>;

  /// `give_up` is called at most once, on the executor, when nothing can come any more. The guest has to live until
  /// join() has returned.
  StuckWatch(vm::Guest &guest, base::asio::any_io_executor executor, GiveUp give_up);

  void start();
  /// A report came. `allowed`: guest time for which there may be none now; nothing: any.
  void heard(std::optional<std::chrono::microseconds> allowed);
  /// Ends the watch and waits for its end.
  base::Task<> join();

 private:
  base::Task<> watch();
  base::Task<bool> silent();
  base::Task<std::optional<std::string>> look();

  vm::Guest &guest_;
  base::asio::steady_timer timer_;
  base::Event ended_;
  GiveUp give_up_;
  int reports_ = 0;
  std::optional<Silence> silence_;
  std::optional<std::chrono::microseconds> allowed_;
  std::optional<StuckSigns> signs_;
  int looks_ = 0;  ///< since the last report
  bool stop_ = false;
};

}  // namespace kmodtest::run
