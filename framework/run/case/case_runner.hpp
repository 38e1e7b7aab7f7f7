// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/session.hpp"
#include "base/asio.hpp"
#include "judge/observations.hpp"
#include "outcome/event.hpp"
#include "run/cancellation.hpp"
#include "run/guests/guest_slot.hpp"
#include "run/guests/progress.hpp"
#include "run/prepare/prepare.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// How long a guest may take, in wall time.
struct Limits {
  std::chrono::milliseconds boot{30'000};         ///< to READY with one CPU
  std::chrono::milliseconds boot_per_cpu{3'000};  ///< for each further CPU
  int boot_attempts = 2;                          ///< a rare boot falls silent for minutes (QEMU under TCG)
  std::chrono::milliseconds push{60'000};
  std::chrono::milliseconds case_grace{3'000};  ///< beyond the case's own timeout
  int wall_per_guest_time = 3;  ///< under virtual time: a guest that computes may be slower than its clock
  std::chrono::milliseconds to_rest{30'000};    ///< from the word that it rests, to where it does
  std::chrono::milliseconds after_report{300};  ///< to let the rest of a kernel report arrive

  std::chrono::milliseconds boot_of(int cpus) const { return boot + boot_per_cpu * (cpus - 1); }
};

/// What a case does next whose steps are not all known when it starts.
struct More {
  std::vector<PushedFile> files;
  wire::Continue request;  ///< without steps the case ends
};

/// Drives one case from its prepared files to its verdict: a pristine guest, push, run, judge. The guest of a case with
/// the memory channel stays in the slot for the next one; another is booted for the case and ended with it. What goes
/// wrong with the guest becomes an outcome; throws base::Interrupted after a cancellation and base::Error only for what
/// would hit every case alike.
class CaseRunner {
 public:
  /// `vmcores`: the folder that dumps of guests which crashed or hang go through; empty: none is made.
  CaseRunner(GuestSlot &slot, Cancellation &cancellation, Limits limits, std::filesystem::path vmcores = {})
      : slot_(slot), cancellation_(cancellation), limits_(limits), vmcores_(std::move(vmcores)) {}

  /// `begin` is called when all is written and the guest of a case with the memory channel stands still, and has to let
  /// it go. No wall clock ends such a case, and no report of the kernel: somebody may be looking at it.
  void let_go_by(std::function<base::Task<>(vm::Guest &)> begin) { let_go_ = std::move(begin); }

  /// `ask` is called whenever the guest has done its steps and rests; it stands still until that returns. What is asked
  /// for belongs to the case, whose steps (and `seen`'s modules) the callee has extended by it. A case on which a
  /// kernel report has decided is not asked any more.
  using Ask = std::function<base::Task<More>(judge::Observations &seen)>;
  void go_on_by(Ask ask) { ask_ = std::move(ask); }

  base::Task<outcome::CaseFinished> run(std::shared_ptr<const plan::Case> test_case, Prepared prepared,
                                        std::string guest_name, Progress progress);

 private:
  struct Conversation;

  /// Each gives false when no guest came up; the ending says why.
  base::Task<bool> boot(Conversation &talk, const Prepared &prepared, const std::string &name,
                        const Progress &progress);
  base::Task<bool> restore(Conversation &talk, const Prepared &prepared, const std::string &name,
                           const Progress &progress);
  base::Task<> converse(Conversation &talk, const Prepared &prepared, const std::string &guest_name,
                        const Progress &progress);
  base::Task<> converse_and_examine(Conversation &talk, const Prepared &prepared, const std::string &guest_name,
                                    const Progress &progress);
  base::Task<> release(Conversation &talk);
  /// Looks at a guest that hangs from outside. It stands still from then on.
  base::Task<> examine(Conversation &talk, const Prepared &prepared, const Progress &progress);
  /// Keeps the memory of a guest that crashed or hangs.
  base::Task<> dump(Conversation &talk, const std::string &guest_name, const Progress &progress);
  base::Task<> push(Conversation &talk, const std::vector<PushedFile> &files, const Progress &progress);
  /// Lets the guest of a case that is asked for its steps stand still.
  base::Task<> rest(Conversation &talk);
  base::Task<> execute(Conversation &talk, const Prepared &prepared, const Progress &progress);

  GuestSlot &slot_;
  Cancellation &cancellation_;
  Limits limits_;
  std::filesystem::path vmcores_;
  std::function<base::Task<>(vm::Guest &)> let_go_;  ///< empty: we let it go
  Ask ask_;                                          ///< empty: all steps are known from the start
};

}  // namespace kmodtest::run
