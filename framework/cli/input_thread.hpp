// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/asio.hpp"
#include "base/descriptor.hpp"

namespace kmodtest::cli {

/// Reads a descriptor of any kind (a terminal, a pipe, a file) on its own thread. A non-blocking flag would also affect
/// other processes at the same terminal, and epoll(7) refuses files.
class InputThread {
 public:
  /// Calls `on_input` on the io_context's thread with each piece of input, and once with an empty string at the end.
  InputThread(int fd, base::asio::io_context &io, std::function<void(std::string)> on_input);
  /// Ends the thread. After that, `on_input` is not called unless the io_context runs again.
  ~InputThread();
  InputThread(const InputThread &) = delete;
  InputThread &operator=(const InputThread &) = delete;

 private:
  void read(int fd, base::asio::io_context &io, const std::function<void(std::string)> &on_input) const;

  base::Descriptor stop_read_, stop_write_;
  std::thread thread_;
};

}  // namespace kmodtest::cli
