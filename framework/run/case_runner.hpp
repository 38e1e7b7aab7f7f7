// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "agent/session.hpp"
#include "base/asio.hpp"
#include "judge/verdict.hpp"
#include "report/event.hpp"
#include "run/prepare.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// Fires once; everything that waits is told. On the io_context's thread.
class Cancellation {
 public:
  /// Runs every callback that is still registered, once.
  void cancel();
  bool cancelled() const { return cancelled_; }

  /// Keeps a callback registered while it lives; called at once when the cancellation came before.
  class Registration {
   public:
    Registration(Cancellation &source, std::function<void()> callback);
    ~Registration();
    Registration(const Registration &) = delete;
    Registration &operator=(const Registration &) = delete;

   private:
    Cancellation &source_;
    std::size_t id_ = 0;
  };

 private:
  bool cancelled_ = false;
  std::size_t last_id_ = 0;
  std::map<std::size_t, std::function<void()>> callbacks_;
};

/// How long a guest may take, in wall time.
struct Limits {
  std::chrono::milliseconds boot{30'000};         ///< to READY with one CPU
  std::chrono::milliseconds boot_per_cpu{3'000};  ///< for each further CPU
  int boot_attempts = 2;                          ///< a rare boot falls silent for minutes (QEMU under TCG)
  std::chrono::milliseconds push{60'000};
  std::chrono::milliseconds case_grace{3'000};  ///< beyond the case's own timeout
  std::chrono::milliseconds after_report{300};  ///< to let the rest of a kernel report arrive

  std::chrono::milliseconds boot_of(int cpus) const { return boot + boot_per_cpu * (cpus - 1); }
};

/// Drives one case from its prepared files to its verdict: start, boot, push, run, stop, judge. Never leaves a guest
/// behind. What goes wrong with the guest becomes an outcome; throws base::Interrupted after a cancellation and
/// base::Error only for what would hit every case alike.
class CaseRunner {
 public:
  using Progress = std::function<void(const std::string &)>;

  CaseRunner(vm::Hypervisor &hypervisor, Limits limits, Cancellation &cancellation)
      : hypervisor_(hypervisor), limits_(limits), cancellation_(cancellation) {}

  base::Task<report::CaseFinished> run(std::shared_ptr<const plan::Case> test_case, Prepared prepared,
                                       std::string guest_name, Progress progress);

 private:
  struct Conversation;

  base::Task<bool> boot(Conversation &talk, const Prepared &prepared, const std::string &name,
                        const Progress &progress);
  base::Task<> push(Conversation &talk, const Prepared &prepared, const Progress &progress);
  base::Task<> execute(Conversation &talk, const Prepared &prepared, const Progress &progress);

  vm::Hypervisor &hypervisor_;
  Limits limits_;
  Cancellation &cancellation_;
};

}  // namespace kmodtest::run
