// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <poll.h>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/descriptor.hpp"
#include "system.hpp"
#include "wire/message.hpp"

namespace kmodtest::guest {

/// Creates links for all applets of busybox, so that commands find them. Not at boot: most guests never need them.
void install_applets();

/// A command of a `run` step: /bin/sh -c in a process group of its own.
struct Command {
  std::uint32_t step = 0;
  std::string name;  ///< for a `wait` step; empty: none
  pid_t pid = 0;
  base::Descriptor out;
  base::Descriptor err;
  bool ended = false;
  bool reported = false;
  wire::CommandEnded result;
};

/// The commands of a program.
class Commands {
 public:
  static constexpr std::size_t kStreamLimit = 256u << 10;

  /// Starts a command; returns errno or 0.
  int start(std::uint32_t step, const std::string &text, const std::string &name = {});
  /// Adds the descriptors to poll.
  void add_to(std::vector<pollfd> &polled) const;
  /// Reads the output of the commands.
  void receive();
  /// Notes the end of a process. Must be called for every reaped process.
  void reaped(pid_t pid, int wait_status);
  /// Return the places of commands in all().
  std::vector<std::size_t> of_step(std::uint32_t step) const;
  std::vector<std::size_t> named(const std::string &name) const;
  /// Sends a signal to the command's whole group.
  static void send(const Command &command, int signal);
  /// Sends SIGKILL to the command's whole group.
  static void kill(const Command &command);
  /// Kills what is left of all groups, including those of commands that have ended, and forgets them.
  void clear();
  std::vector<Command> &all() { return commands_; }

 private:
  std::vector<Command> commands_;
  bool applets_installed_ = false;
};

}  // namespace kmodtest::guest
