// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/asio.hpp"

/// Building blocks for coroutines: blocking work, events, alarms, cleanup, and running a task to its end.
namespace kmodtest::base {

namespace detail {
template <class T>
Task<T> call(std::function<T()> function) {
  co_return function();
}
}  // namespace detail

/// Runs a blocking function on a pool and resumes the caller on its own executor with what it returns or throws.
template <class T>
Task<T> offload(asio::thread_pool &pool, std::function<T()> function) {
  Task<T> work = detail::call<T>(std::move(function));
  auto executor = pool.get_executor();
  auto token = asio::use_awaitable;
  co_return co_await asio::co_spawn(executor, std::move(work), token);
}

/// Lets coroutines wait until something has happened. All calls have to come from the executor's thread.
class Event {
 public:
  explicit Event(const asio::any_io_executor &executor) : timer_(executor, asio::steady_timer::time_point::max()) {}
  explicit Event(asio::io_context &io) : Event(io.get_executor()) {}

  /// Resumes all coroutines that wait. Until reset(), wait() returns at once.
  void set() {
    is_set_ = true;
    timer_.cancel();
  }
  void reset() { is_set_ = false; }
  bool is_set() const { return is_set_; }

  /// Returns when the event has been set. The event has to outlive the wait.
  Task<> wait() {
    if (is_set_) co_return;
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer_.async_wait(token);
  }

 private:
  asio::steady_timer timer_;
  bool is_set_ = false;
};

/// Calls a function after a while, unless it is cancelled or set again before. All calls have to come from the
/// executor's thread, on which the function is called, too.
class Alarm {
 public:
  explicit Alarm(const asio::any_io_executor &executor) : timer_(executor) {}
  explicit Alarm(asio::io_context &io) : Alarm(io.get_executor()) {}
  ~Alarm() { cancel(); }
  Alarm(const Alarm &) = delete;
  Alarm &operator=(const Alarm &) = delete;

  /// Replaces the call that was set before.
  void set(std::chrono::nanoseconds after, std::function<void()> call) {
    cancel();
    wanted_ = std::make_shared<bool>(true);
    timer_.expires_after(after);
    timer_.async_wait([wanted = wanted_, call = std::move(call)](boost::system::error_code) {
      if (*wanted) call();
    });
  }
  void cancel() {
    if (wanted_) *wanted_ = false;
    timer_.cancel();
  }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<bool> wanted_;  ///< false: the call is cancelled, even if the time has passed already
};

/// Runs `body`, then `cleanup`, and returns or throws what `body` did. An error of `cleanup` takes precedence.
/// It stands in for a handler that waits: g++ 12 cannot co_await in one.
template <class T>
Task<T> finally(Task<T> body, Task<> cleanup) {
  std::exception_ptr problem;
  [[maybe_unused]] std::conditional_t<std::is_void_v<T>, std::nullptr_t, std::optional<T>> value{};
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(body);  // NOLINT(bugprone-use-after-move): clang-tidy 14 sees a loop in coroutine templates
    } else {
      value.emplace(co_await std::move(body));
    }
  } catch (...) {
    problem = std::current_exception();
  }
  co_await std::move(cleanup);
  if (problem) std::rethrow_exception(problem);
  if constexpr (!std::is_void_v<T>) co_return std::move(*value);
}

/// Runs the loop on this thread until `done` returns true. Use it in place of io.run(), which does not return while
/// libvirt's event loop keeps the io_context busy.
template <class Done>
void run_until(asio::io_context &io, Done done) {
  if (io.stopped()) io.restart();
  while (!done()) io.run_one();
}

/// Runs the loop on this thread until the task has ended, and returns or throws what the task does.
template <class T>
T run_until_done(asio::io_context &io, Task<T> task) {
  std::exception_ptr problem;
  bool done = false;
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(io, std::move(task), [&](const std::exception_ptr &thrown) {
      problem = thrown;
      done = true;
    });
    run_until(io, [&] { return done; });
    if (problem) std::rethrow_exception(problem);
  } else {
    std::optional<T> value;
    asio::co_spawn(io, std::move(task), [&](const std::exception_ptr &thrown, T result) {
      problem = thrown;
      value.emplace(std::move(result));
      done = true;
    });
    run_until(io, [&] { return done; });
    if (problem) std::rethrow_exception(problem);
    return std::move(*value);
  }
}

}  // namespace kmodtest::base
