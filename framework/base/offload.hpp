// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <utility>

#include "base/asio.hpp"

namespace kmodtest::base {

namespace detail {
template <class T>
Task<T> call(std::function<T()> function) {
  co_return function();
}
}  // namespace detail

/// Runs a blocking function on a pool. Resumes the caller on its own executor with the returned value or the exception.
template <class T>
Task<T> offload(asio::thread_pool &pool, std::function<T()> function) {
  Task<T> work = detail::call<T>(std::move(function));
  auto executor = pool.get_executor();
  auto token = asio::use_awaitable;
  co_return co_await asio::co_spawn(executor, std::move(work), token);
}

}  // namespace kmodtest::base
