// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/asio.hpp"
#include "judge/observations.hpp"
#include "outcome/event.hpp"
#include "run/cancellation.hpp"
#include "run/case/conversation.hpp"
#include "run/case/limits.hpp"
#include "run/guests/guest_slot.hpp"
#include "run/guests/progress.hpp"
#include "run/prepare/prepare.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// Drives one case from its prepared files to its verdict: brings a pristine guest up, runs the program, examines what
/// hangs, and judges. A guest with the memory channel stays in the slot for the next case; any other is booted for the
/// case and ends with it. Whatever goes wrong with the guest becomes an outcome. Throws base::Interrupted after a
/// cancellation, and base::Error only for what would fail every case.
class CaseRunner {
 public:
  /// `vmcores`: the folder for dumps of guests that crashed or hang; empty: no dumps.
  CaseRunner(GuestSlot &slot, Cancellation &cancellation, Limits limits, std::filesystem::path vmcores = {})
      : slot_(slot), cancellation_(cancellation), limits_(limits), vmcores_(std::move(vmcores)) {}

  /// Sets `begin`, which is called when all requests are written and the guest of a case with the memory channel is
  /// paused. It must resume the guest. Neither a wall clock nor a kernel report ends such a case, because a user can be
  /// looking at it.
  void let_go_by(LetGo begin) { let_go_ = std::move(begin); }

  /// Sets `ask`, which is called whenever the guest has finished its steps and rests; the guest is paused until `ask`
  /// returns. The steps that it returns belong to the case: `ask` has added them to the case, and their modules to
  /// `seen`. It is not called again once a kernel report has decided the case.
  void go_on_by(Ask ask) { ask_ = std::move(ask); }

  /// Measures the coverage of cases whose guests count instructions (GuestSpec::covered).
  void measure_by(std::shared_ptr<CoverageMeter> meter) { meter_ = std::move(meter); }

  base::Task<outcome::CaseFinished> run(std::shared_ptr<const plan::Case> test_case, Prepared prepared,
                                        std::string guest_name, Progress progress);

 private:
  /// Each of these returns false if no guest came up; the ending has the reason.
  base::Task<bool> boot(Conversation &talk, const Prepared &prepared, const std::string &name,
                        const Progress &progress);
  base::Task<bool> restore(Conversation &talk, const Prepared &prepared, const std::string &name,
                           const Progress &progress);
  /// Lets the guest's QEMU know the schedule.
  static void give_schedule(Conversation &talk, const Prepared &prepared);
  base::Task<> converse(Conversation &talk, const Prepared &prepared, const std::string &guest_name,
                        const Progress &progress);
  base::Task<> converse_and_examine(Conversation &talk, const Prepared &prepared, const std::string &guest_name,
                                    const Progress &progress);
  base::Task<> release(Conversation &talk, const Prepared &prepared);
  /// Examines a hung guest from outside, and leaves it paused.
  base::Task<> examine(Conversation &talk, const Prepared &prepared, const Progress &progress);
  /// Reads the end of a panicked guest's kernel log, which its console need not have.
  base::Task<> read_log(Conversation &talk, const Prepared &prepared);
  /// Looks for what still points to modules that are unloaded, in a guest that has answered. Leaves it paused.
  base::Task<> search(Conversation &talk, const Prepared &prepared);
  /// Keeps the memory of a guest that crashed or hangs.
  base::Task<> dump(Conversation &talk, const std::string &guest_name, const Progress &progress);
  outcome::CaseFinished judged(const Conversation &talk, const Prepared &prepared) const;

  GuestSlot &slot_;
  Cancellation &cancellation_;
  Limits limits_;
  std::filesystem::path vmcores_;
  std::shared_ptr<CoverageMeter> meter_;  ///< null: coverage is not measured
  LetGo let_go_;                          ///< empty: the guest is resumed
  Ask ask_;                               ///< empty: all steps are known from the start
};

}  // namespace kmodtest::run
