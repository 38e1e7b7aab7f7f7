// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <map>

namespace kmodtest::run {

/// Fires once until it is reset, and then runs all registered callbacks. Used on the io_context's thread.
class Cancellation {
 public:
  /// Runs every callback that is still registered, once.
  void cancel();
  bool cancelled() const { return cancelled_; }
  /// Re-arms it. All tasks of the cancelled run must have finished.
  void reset() { cancelled_ = false; }

  /// Keeps a callback registered while it lives; calls it at once if the cancellation has fired already.
  class Registration {
   public:
    Registration(Cancellation &source, std::function<void()> callback);
    ~Registration();
    Registration(const Registration &) = delete;
    Registration &operator=(const Registration &) = delete;

   private:
    Cancellation &source_;
    std::size_t id_ = 0;
  };

 private:
  bool cancelled_ = false;
  std::size_t last_id_ = 0;
  std::map<std::size_t, std::function<void()>> callbacks_;
};

}  // namespace kmodtest::run
