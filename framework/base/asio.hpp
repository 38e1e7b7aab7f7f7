// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/// Boost.Asio in one place. Trap (g++ 12): name every object that a co_awaited call takes on the line before; never
/// write a temporary or a capturing lambda inside a co_await expression.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace kmodtest::base {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

using UnixSocket = asio::local::stream_protocol::socket;

}  // namespace kmodtest::base
