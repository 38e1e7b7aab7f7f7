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

/// The CI system whose markup a log can carry. GitHub: workflow commands (docs.github.com, "Workflow commands for
/// GitHub Actions"); GitLab: collapsible sections (docs.gitlab.com, "CI/CD job logs").
enum class CiSystem { none, github, gitlab };

struct CiOptions {
  CiSystem system = CiSystem::none;
  /// Switches GitHub's commands on again. A guest must not be able to guess it.
  std::string token;
  std::filesystem::path root;  ///< root of the repository: annotations name files below it
  std::function<std::time_t()> clock = [] { return std::time(nullptr); };
};

/// A message about a place in a plan, which GitHub shows next to a pull request.
struct Annotation {
  bool warning = false;  ///< else an error
  std::filesystem::path file;
  int line = 0, column = 0;  ///< from 1; 0: not known
  std::string title, message;
};
Annotation annotation_of(const outcome::CaseFinished &finished);

/// Makes the markup of a CI system around the output of a console. Returns texts, writes nothing. On GitHub, commands
/// are off except in its own lines, so that no line of a guest's log acts as a command.
class CiLog {
 public:
  explicit CiLog(CiOptions options) : options_(std::move(options)) {}

  bool on() const { return options_.system != CiSystem::none; }

  /// Returns the markup before the first line and after the last one.
  std::string begin() const;
  std::string end() const;

  /// Returns the lines of `body` folded under a title. Without a CI system: the title as a line, then the body.
  std::string section(std::string_view title, const std::string &body);

  /// Returns the annotations for GitHub, up to its limit: the last one gives the number of those left out.
  std::string annotations(const std::vector<Annotation> &all) const;

  /// Returns the text without commands that cancel each other out.
  std::string joined(std::string text) const;

 private:
  std::string on_again() const;
  std::string off() const;
  std::string annotation(const Annotation &one) const;

  CiOptions options_;
  std::size_t sections_ = 0;
};

}  // namespace kmodtest::report
