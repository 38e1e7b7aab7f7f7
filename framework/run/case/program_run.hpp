// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "base/asio.hpp"
#include "base/task.hpp"
#include "run/case/conversation.hpp"
#include "run/case/limits.hpp"
#include "run/guests/progress.hpp"
#include "run/postmortem/stuck_watch.hpp"

namespace kmodtest::run {

/// Runs the program of one case in a guest that is up: pushes the files, starts the program, receives its agent
/// messages, and ends it when it has taken too long, when the guest has ended, or when a kernel report has decided the
/// case. Lives on one executor's thread.
class ProgramRun {
 public:
  /// Prepares the run. `let_go` and `ask` can be empty: then the guest is resumed, and all steps are known from the
  /// start. Everything that is passed by reference must outlive the object.
  ProgramRun(Conversation &talk, const Prepared &prepared, const Limits &limits, const LetGo &let_go, const Ask &ask,
             const Progress &progress, const base::asio::any_io_executor &executor);
  ProgramRun(const ProgramRun &) = delete;
  ProgramRun &operator=(const ProgramRun &) = delete;

  /// Returns when the program has ended. The conversation contains its messages and its ending.
  base::Task<> run();

 private:
  using Ended = std::optional<wire::ProgramEnded>;

  base::Task<> execute();
  base::Task<> end();
  base::Task<> push(const std::vector<PushedFile> &files);
  base::Task<Ended> begin();
  base::Task<Ended> go_on(More more);
  /// Pauses a guest that has finished its steps.
  base::Task<> rest();
  base::Task<> let_guest_go();
  void guest_changed(vm::GuestState state);
  void hear(const wire::AgentMessage &message);
  void hear_step(const wire::AgentMessage &message);
  void hear_log(const wire::LogLines &lines);
  /// Returns true once the log has far more lines than are kept.
  bool drowns(const wire::LogLines &lines);
  void decide();
  void stop_early(const char *why);
  void limit_wall_time();
  void watch_for_silence();
  void complete(const wire::ProgramEnded &ended);
  void finish_timings();

  Conversation &talk_;
  const Prepared &prepared_;
  const Limits &limits_;
  const LetGo &let_go_;
  const Ask &ask_;
  const Progress &progress_;
  base::asio::any_io_executor executor_;
  const bool virtual_time_;  ///< the agent counts the timeout itself
  const std::chrono::milliseconds timeout_;
  const std::chrono::milliseconds wall_limit_;
  const judge::Ending too_long_;
  std::vector<wire::Step> steps_;         ///< as far as they are known
  std::vector<wire::KernelLogLine> log_;  ///< so far, to see early that the case is decided
  bool suspicious_ = false;               ///< one of these lines opens a kernel report
  std::uint64_t left_out_ = 0;            ///< lines of the log that were not sent
  std::uint64_t lost_ = 0;                ///< that were overwritten before the agent read them
  bool decided_ = false;                  ///< by a kernel report
  bool drowned_ = false;                  ///< by the log
  bool stopped_ = false;                  ///< because it is decided
  base::Alarm grace_;                     ///< gives the end of the log time to arrive
  base::Alarm wall_clock_;
  std::optional<std::chrono::microseconds> silent_for_;  ///< guest time for which no message need arrive
  std::shared_ptr<StuckWatch> silence_;
};

}  // namespace kmodtest::run
