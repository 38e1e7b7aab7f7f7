// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace kmodtest::kernel {

/// Follows the output of a kernel's make, and reports how far it is: "compiled 800 of about 1300 files, 2 min 5 s".
class BuildProgress {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  /// Calls `say` after each twentieth of `about` files.
  BuildProgress(int about, std::function<void(const std::string &)> say, Clock now = std::chrono::steady_clock::now);

  /// Takes the next piece of the output, which can end within a line.
  void hear(std::string_view piece);
  /// Returns the number of compiled or assembled files so far.
  int files() const { return files_; }

 private:
  void line(std::string_view line);

  int about_;
  std::function<void(const std::string &)> say_;
  Clock now_;
  std::chrono::steady_clock::time_point began_;
  std::string begun_;  ///< the part of a line that has come so far
  int files_ = 0;
  int said_ = 0;  ///< twentieths
};

}  // namespace kmodtest::kernel
