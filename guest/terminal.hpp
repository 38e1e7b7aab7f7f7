// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/descriptor.hpp"
#include "system.hpp"
#include "wire/message.hpp"

namespace kmodtest::guest {

/// The shell of an interactive session, on a pseudo terminal (pty(7)) or on pipes.
class Terminal {
 public:
  /// Starts the shell; returns errno or 0.
  int open(const wire::OpenTerminal &wanted);
  /// Hangs up, if it is open.
  void close();
  bool is_open() const { return pid_ > 0; }

  void type(const std::string &data);
  void resize(std::uint16_t rows, std::uint16_t columns);

  /// Adds the descriptors to poll.
  void add_to(std::vector<pollfd> &polled) const;
  /// Passes on the user's input, and returns the shell's output.
  std::vector<wire::TerminalOutput> exchange();
  /// Notes the end of a process. Must be called for every reaped process.
  void reaped(pid_t pid, int wait_status);
  /// Returns how it ended, once, after the last output; it is closed then.
  std::optional<wire::TerminalEnded> ended();

 private:
  int start_on_terminal(const wire::OpenTerminal &wanted);
  int start_on_pipes(const wire::OpenTerminal &wanted);
  void write_pending();
  void read_from(base::Descriptor &stream, bool error, std::vector<wire::TerminalOutput> &output);

  pid_t pid_ = 0;
  base::Descriptor in_;         // the terminal's master, or the pipe to standard input
  base::Descriptor out_, err_;  // of pipes
  bool tty_ = false;
  bool end_of_input_ = false;
  std::string pending_;  // typed, but not yet accepted
  std::optional<std::int32_t> exit_status_;
};

}  // namespace kmodtest::guest
