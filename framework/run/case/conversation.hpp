// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/session.hpp"
#include "base/asio.hpp"
#include "judge/observations.hpp"
#include "outcome/event.hpp"
#include "run/case/core_file.hpp"
#include "run/coverage/coverage_meter.hpp"
#include "run/explore/schedule_file.hpp"
#include "run/prepare/prepare.hpp"
#include "run/races/race_file.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// The next steps of a case whose steps are not all known when it starts.
struct More {
  std::vector<PushedFile> files;
  wire::Continue request;  ///< without steps the case ends
};

/// Called whenever the guest has finished its steps and rests.
using Ask = std::function<base::Task<More>(judge::Observations &seen)>;

/// Resumes a guest whose CPUs are paused.
using LetGo = std::function<base::Task<>(vm::Guest &guest)>;

/// A guest, and everything that is known about it and its case so far.
struct Conversation {
  explicit Conversation(std::shared_ptr<const plan::Case> of) : test_case(std::move(of)) {}

  std::shared_ptr<const plan::Case> test_case;
  std::shared_ptr<judge::Observations> seen = std::make_shared<judge::Observations>();
  outcome::Timings timings;
  std::unique_ptr<vm::Guest> own_guest;  ///< one that ends with the case
  vm::Guest *guest = nullptr;            ///< own_guest, or the guest of the slot
  std::unique_ptr<agent::Session> session;
  std::unique_ptr<ScheduleFile> schedule;  ///< null: the case has no schedule
  std::optional<CodeRun> code;             ///< nothing: coverage is not measured
  std::unique_ptr<RaceFile> race_file;     ///< null: the case does not look for data races
  RacesFound races;                        ///< that QEMU has seen
  std::string report_bytes;                ///< the agent's messages, if the case looks for data races
  std::optional<judge::Ending> forced;     ///< why we closed the session ourselves
  bool answered = false;                   ///< the program ended on its own
  bool has_unsaved_devices = false;        ///< a restore in place would leave their registers as they are
  /// How many agent messages had arrived when a kernel report, or a flood of the log, decided the case.
  std::optional<std::size_t> decided_after;
  std::string log_in_memory;  ///< of a guest that panicked, since the first line that arrived
  std::string domain_xml;
  std::shared_ptr<CoreFile> vmcore;  ///< complete
  std::string vmcore_problem;

  /// Ends everything that the session waits for. `why` becomes the ending unless there is one already.
  void cut_short(judge::Ending why) {
    if (!forced) forced = std::move(why);
    if (session) session->close();
  }
};

}  // namespace kmodtest::run
