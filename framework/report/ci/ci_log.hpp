// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::report {

/// Whose markup a log may carry. GitHub: workflow commands (docs.github.com, "Workflow commands for GitHub Actions");
/// GitLab: collapsible sections (docs.gitlab.com, "CI/CD job logs").
enum class CiSystem { none, github, gitlab };

struct CiOptions {
  CiSystem system = CiSystem::none;
  /// What GitHub's commands are switched on with again. Has to be such that no guest can guess it.
  std::string token;
  std::filesystem::path root;  ///< of the repository: annotations name files below it
  std::function<std::time_t()> clock = [] { return std::time(nullptr); };
};

/// A word about a place in a plan, which GitHub shows beside a pull request.
struct Annotation {
  bool warning = false;  ///< else an error
  std::filesystem::path file;
  int line = 0, column = 0;  ///< from 1; 0: not known
  std::string title, message;
};
Annotation annotation_of(const outcome::CaseFinished &finished);

/// The markup of a CI system around what a console writes. Makes texts, writes nothing. On GitHub commands are off but
/// in its own lines, so that no line of a guest's log is taken for one.
class CiLog {
 public:
  explicit CiLog(CiOptions options) : options_(std::move(options)) {}

  bool on() const { return options_.system != CiSystem::none; }

  /// Stands before the first line, and behind the last one.
  std::string begin() const;
  std::string end() const;

  /// The lines of `body` under a title, folded. Without a CI system: the title as a line and the body.
  std::string section(std::string_view title, const std::string &body);

  /// On GitHub the annotations, at most as many as it takes: the last one says how many more there would be.
  std::string annotations(const std::vector<Annotation> &all) const;

  /// The same text without commands that cancel each other out.
  std::string joined(std::string text) const;

 private:
  std::string on_again() const;
  std::string off() const;
  std::string annotation(const Annotation &one) const;

  CiOptions options_;
  std::size_t sections_ = 0;
};

}  // namespace kmodtest::report
