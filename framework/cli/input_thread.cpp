// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/input_thread.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"

namespace kmodtest::cli {

InputThread::InputThread(int fd, base::asio::io_context &io, std::function<void(std::string)> on_input) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw base::Error(base::Code::cannot_start_program, fmt::format("cannot create a pipe: {}", std::strerror(errno)),
                      "raise the limit of open files (ulimit -n), or run fewer guests at once (-j 1)");
  stop_read_ = base::Descriptor(ends[0]);
  stop_write_ = base::Descriptor(ends[1]);
  // Leave signals to the thread that runs the io_context.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, fd, &io, call = std::move(on_input)] { read(fd, io, call); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

InputThread::~InputThread() {
  stop_write_.close();
  thread_.join();
}

void InputThread::read(int fd, base::asio::io_context &io, const std::function<void(std::string)> &on_input) const {
  std::array<char, 4096> chunk{};
  while (true) {
    std::array<pollfd, 2> waited = {{{fd, POLLIN, 0}, {stop_read_.get(), POLLIN, 0}}};
    if (::poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) break;
    if (waited[1].revents != 0) return;
    if (waited[0].revents == 0) continue;
    const ssize_t size = ::read(fd, chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    base::asio::post(io,
                     [on_input, text = std::string(chunk.data(), static_cast<std::size_t>(size))] { on_input(text); });
  }
  base::asio::post(io, [on_input] { on_input({}); });
}

}  // namespace kmodtest::cli
