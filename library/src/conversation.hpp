// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "kernel/modules/module.hpp"
#include "kmodtest/guest.hpp"
#include "lab.hpp"
#include "plan/plan.hpp"

namespace kmodtest::library {

/// A case whose steps arrive one by one, from the thread of a test. Each call blocks until the guest has done its step.
class Conversation {
 public:
  /// Returns when the guest rests before its first step. Throws base::Error if no guest can be started.
  Conversation(const GuestSpec &spec, const Checks &checks, const std::string &name);
  ~Conversation();
  Conversation(const Conversation &) = delete;
  Conversation &operator=(const Conversation &) = delete;

  /// The result of a step.
  struct Done {
    std::vector<wire::AgentMessage> messages;
    std::optional<Verdict> ended;  ///< the step failed, or the guest ended otherwise: it is gone
  };
  Done step(plan::Step step);
  /// Builds or reads a module, and pushes it into the guest with the next step. Throws base::Error, or
  /// kernel::BuildError, which is one.
  wire::ModuleToLoad add_module(const std::filesystem::path &module, const Params &params,
                                const std::source_location &where);
  /// Ends the case.
  Verdict finish();

  bool alive() const { return alive_; }
  /// Returns all agent messages. For the test's thread, while the guest rests or is gone.
  const std::vector<wire::AgentMessage> &messages() const { return messages_; }
  const std::string &kernel_release() const { return kernel_release_; }
  /// Returns the names of the loaded modules, in the order of their loading.
  std::vector<std::string> loaded() const;

 private:
  struct Asked;
  /// The state after some steps: the guest rests, or the case is finished.
  struct Answer {
    std::vector<wire::AgentMessage> messages;
    std::optional<outcome::CaseFinished> finished;
  };

  /// Passes the steps to the guest; no steps end the case.
  Answer ask(std::vector<plan::Step> steps);
  Answer wait(std::future<Answer> answer);
  /// Returns the verdict on a case that ended; a case that did not pass leaves a folder.
  Verdict end_of(const outcome::CaseFinished &finished);
  /// Allows this process to have another guest from now on.
  void leave();
  void push_with_next_step(const plan::ModuleSource &source);
  /// Throws base::UsageError if there are any findings.
  static void refuse(const std::vector<kernel::PreflightFinding> &findings);

  GuestSpec spec_;
  std::shared_ptr<Lab> lab_;
  std::shared_ptr<plan::Case> case_;
  std::shared_ptr<Asked> asked_;             ///< shared with the lab's thread
  std::vector<plan::ModuleSource> sources_;  ///< of all modules so far
  std::vector<kernel::ModuleInfo> known_;    ///< and their properties
  // Files to push with the next step, of modules that are not in the guest yet.
  std::vector<run::PushedFile> files_;
  std::vector<std::string> names_;
  std::vector<kernel::ModuleInfo> infos_;
  std::vector<wire::AgentMessage> messages_;
  std::string kernel_release_;
  bool alive_ = false;
};

}  // namespace kmodtest::library
