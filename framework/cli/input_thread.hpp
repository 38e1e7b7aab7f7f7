// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/asio.hpp"
#include "base/descriptor.hpp"

namespace kmodtest::cli {

/// Reads a descriptor of any kind (a terminal, a pipe, a file) on a thread of its own. Neither a non-blocking flag,
/// which other processes with the same terminal would see, nor epoll(7), which refuses files.
class InputThread {
 public:
  /// `on_input` is called on the io_context's thread with what was read; with nothing, once, at the end.
  InputThread(int fd, base::asio::io_context &io, std::function<void(std::string)> on_input);
  /// Ends the thread; no call comes after that as long as the io_context does not run.
  ~InputThread();
  InputThread(const InputThread &) = delete;
  InputThread &operator=(const InputThread &) = delete;

 private:
  void read(int fd, base::asio::io_context &io, const std::function<void(std::string)> &on_input) const;

  base::Descriptor stop_read_, stop_write_;
  std::thread thread_;
};

}  // namespace kmodtest::cli
