// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_code.hpp"
#include "plan/node.hpp"
#include "plan/plan.hpp"

namespace kmodtest::plan {

using base::Code;

/// A plan's text, line by line.
class Source {
 public:
  Source(std::string file, std::string_view text);
  const std::string &file() const { return file_; }
  /// Returns line `number` (from 1) without its end; empty beyond the last.
  const std::string &line(int number) const;
  /// Returns the number of characters (not bytes) before byte `offset` of a line, plus one: the column as people count
  /// it.
  int column_of_byte(int line, int offset) const;
  Location at(const Node &node) const { return {.file = file_, .line = node.line, .column = node.column}; }

 private:
  std::string file_;
  std::vector<std::string> lines_;
};

/// Collects the errors and warnings of a plan. A place is reported once, however many cases of the matrix run into it.
class Problems {
 public:
  explicit Problems(const Source &source) : source_(source) {}
  void error(Code code, const Node &node, std::string message) {
    add(Diagnostic::Severity::error, code, node, std::move(message));
  }
  void warning(Code code, const Node &node, std::string message) {
    add(Diagnostic::Severity::warning, code, node, std::move(message));
  }
  /// Reports an error that has no node; line 0 means the file as a whole.
  void error_at(Code code, int line, int column, int width, std::string message);

  bool any_error() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  /// True once the error limit is reached.
  bool full() const { return errors_ >= kMost; }
  /// Mutes the places that have been reported so far.
  void next_case() { settled_ = seen_; }
  /// Returns everything, in the order of the file.
  std::vector<Diagnostic> take();

  static constexpr std::size_t kMost = 100;

 private:
  void add(Diagnostic::Severity severity, Code code, const Node &node, std::string message);
  const Source &source_;
  std::vector<Diagnostic> found_;
  std::set<std::pair<int, int>> seen_, settled_;
  std::size_t errors_ = 0;
};

/// Returns the text in single quotes, cut at 60 characters, control characters shown as '?'.
std::string quote(std::string_view text);
/// Replaces control characters by spaces, so that a line of a file cannot control a terminal.
std::string printable(std::string_view text, char instead = ' ');
/// Returns the number of characters in a UTF-8 text.
int characters(std::string_view text);
/// Returns the text cut to at most `bytes` bytes, never inside a character.
std::string cut(std::string_view text, std::size_t bytes);
/// Returns " (did you mean 'memory'?)" or, if nothing is close, " (known here: a, b)"; empty without candidates.
std::string suggestion(const std::string &word, const std::vector<std::string> &candidates);

}  // namespace kmodtest::plan
