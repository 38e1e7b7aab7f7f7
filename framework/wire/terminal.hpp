// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// A shell of the guest whose input and output pass through the controller: the messages of an interactive session.
namespace kmodtest::wire {

// ---- controller to agent

/// Runs /bin/sh -c COMMAND, on a terminal of its own or, without a size, on pipes. Answered by TerminalOutput and
/// LogLines as they appear, and by TerminalEnded, or Refused. Hangs up an open one; a program can run meanwhile.
struct OpenTerminal {
  std::string command;
  std::vector<std::string> environment;  ///< "NAME=VALUE", beyond the agent's own
  std::uint16_t rows = 0, columns = 0;   ///< 0: no terminal
  template <class Visitor>
  void fields(Visitor &v) {
    v(command, environment, rows, columns);
  }
  bool operator==(const OpenTerminal &) const = default;
};

/// The user's input; without a terminal, empty data are the end of the input. Not answered.
struct TerminalInput {
  std::string data;
  template <class Visitor>
  void fields(Visitor &v) {
    v(data);
  }
  bool operator==(const TerminalInput &) const = default;
};

/// The terminal has another size. Not answered.
struct ResizeTerminal {
  std::uint16_t rows = 0, columns = 0;
  template <class Visitor>
  void fields(Visitor &v) {
    v(rows, columns);
  }
  bool operator==(const ResizeTerminal &) const = default;
};

// ---- agent to controller

struct TerminalOutput {
  std::string data;
  bool error = false;  ///< from standard error; a terminal does not distinguish it from standard output
  template <class Visitor>
  void fields(Visitor &v) {
    v(data, error);
  }
  bool operator==(const TerminalOutput &) const = default;
};

struct TerminalEnded {
  std::int32_t exit_status = 0;  ///< 128 + N if signal N ended it
  template <class Visitor>
  void fields(Visitor &v) {
    v(exit_status);
  }
  bool operator==(const TerminalEnded &) const = default;
};

}  // namespace kmodtest::wire
