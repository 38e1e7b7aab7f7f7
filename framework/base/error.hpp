// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "base/error_code.hpp"

namespace kmodtest::base {

/// The side that has to act on an error; decides the exit code of the process.
enum class Blame {
  usage,           ///< the command line or the plan is wrong: exit 2
  infrastructure,  ///< QEMU, libvirt, the disk, the network… failed: exit 3
};

/// An error that prevents a verdict. A misbehaving module under test is never an Error: outcomes are data.
///
/// `code()` is what users look it up by. `what()` is one lower-case sentence that names the thing. `hint()` says how to
/// fix it in this situation and can be empty; `kmodtest explain CODE` says how to fix it in general.
class Error : public std::runtime_error {
 public:
  explicit Error(Code code, const std::string &message, std::string hint = {}, Blame blame = Blame::infrastructure)
      : std::runtime_error(message), hint_(std::move(hint)), code_(code), blame_(blame) {}

  Code code() const { return code_; }
  const std::string &hint() const { return hint_; }
  Blame blame() const { return blame_; }

 private:
  std::string hint_;
  Code code_;
  Blame blame_;
};

/// The command line or a plan is wrong (exit 2).
class UsageError : public Error {
 public:
  explicit UsageError(Code code, const std::string &message, std::string hint = {})
      : Error(code, message, std::move(hint), Blame::usage) {}
};

/// The run was interrupted by a signal (exit 130).
class Interrupted : public Error {
 public:
  Interrupted() : Error(Code::interrupted, "interrupted") {}
};

}  // namespace kmodtest::base
