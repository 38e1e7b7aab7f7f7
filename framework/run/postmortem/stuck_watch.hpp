// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/asio.hpp"
#include "base/task.hpp"
#include "kernel/symbols/kernel_image.hpp"
#include "run/postmortem/stuck_signs.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// Watches a guest under virtual time that runs its program. While messages arrive it does nothing at all. After a long
/// Silence it looks at the guest from outside, which can shift the work of its CPUs by some instructions.
class StuckWatch : public std::enable_shared_from_this<StuckWatch> {
 public:
  using GiveUp = std::function<void(const std::string &why)>;

  /// Prepares the watch. `give_up` is called at most once, on the executor, when no message can arrive any more. The
  /// guest must live until join() has returned. `kernel`: the guest's, if it is known.
  StuckWatch(vm::Guest &guest, std::shared_ptr<kernel::LazyKernelImage> kernel,
             const base::asio::any_io_executor &executor, GiveUp give_up);

  void start();
  /// Notes a message. `allowed`: guest time for which there may now be none; nothing: unlimited.
  void heard(std::optional<std::chrono::microseconds> allowed);
  /// Looks no more: the guest computes for long, with interrupts off most of the time.
  void rest();
  /// Ends the watch and waits for its end.
  base::Task<> join();

 private:
  base::Task<> watch();
  base::Task<bool> silent();
  base::Task<std::optional<std::string>> look();

  vm::Guest &guest_;
  std::shared_ptr<kernel::LazyKernelImage> kernel_;
  base::asio::steady_timer timer_;
  base::Event ended_;
  GiveUp give_up_;
  int messages_ = 0;
  std::optional<Silence> silence_;
  std::optional<std::chrono::microseconds> allowed_;
  std::optional<StuckSigns> signs_;
  int looks_ = 0;  ///< since the last message
  bool stop_ = false;
};

}  // namespace kmodtest::run
