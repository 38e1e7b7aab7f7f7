// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace kmodtest::base {

/// Who has to act on an error; decides the exit code of the process.
enum class Blame {
  usage,           ///< the command line or the plan is wrong: exit 2
  infrastructure,  ///< QEMU, libvirt, the disk, the network… failed us: exit 3
};

/// We could not judge. What a module under test does wrong is never an Error: outcomes are data.
///
/// `what()` is one lower-case sentence that names the thing; `hint()` says how to mend it and may be empty.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string &message, std::string hint = {}, Blame blame = Blame::infrastructure)
      : std::runtime_error(message), hint_(std::move(hint)), blame_(blame) {}

  const std::string &hint() const { return hint_; }
  Blame blame() const { return blame_; }

 private:
  std::string hint_;
  Blame blame_;
};

/// The command line or a plan is wrong (exit 2).
class UsageError : public Error {
 public:
  explicit UsageError(const std::string &message, std::string hint = {})
      : Error(message, std::move(hint), Blame::usage) {}
};

/// The run was interrupted by a signal (exit 130).
class Interrupted : public Error {
 public:
  Interrupted() : Error("interrupted") {}
};

}  // namespace kmodtest::base
