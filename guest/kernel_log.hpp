// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "system.hpp"
#include "wire/records.hpp"

namespace kmodtest::guest {

/// The kernel log of a program: /dev/kmsg from the program's start on, and the step markers in it.
class KernelLog {
 public:
  /// Starts at the end of the present log. Returns errno or 0.
  int open();
  void close();

  /// Reads the new lines; `lost` counts the records that were overwritten before. Returns at most kBatch lines at once.
  std::vector<wire::KernelLogLine> read_new(std::uint64_t *lost);
  static constexpr std::size_t kBatch = 256;

  /// Returns how many records the kernel's log can hold.
  std::size_t capacity() const { return capacity_; }

  /// Writes "kmodtest: TEXT" into the kernel log.
  void mark(const std::string &text);

  /// Gives the console back the level that it had before a flood of warnings.
  void restore_console();

  /// Returns the lines read so far, at least the newest kHistory; line i of the program is history()[i -
  /// first_index()].
  const std::vector<wire::KernelLogLine> &history() const { return history_; }
  std::size_t first_index() const { return first_index_; }
  std::size_t end_index() const { return first_index_ + history_.size(); }
  /// Returns the index of the first line whose sequence number is at least `sequence`.
  std::size_t index_of(std::uint64_t sequence) const;
  static constexpr std::size_t kHistory = 32u << 10;

  /// Returns the sequence number of the next record.
  std::uint64_t next_sequence() const { return next_sequence_; }

  int fd() const { return reader_.get(); }

 private:
  void calm_console();

  base::Descriptor reader_;
  std::size_t loud_ = 0;           ///< lines so far that went to the console, too
  std::optional<int> loud_level_;  ///< of the console, while it is calm
  std::vector<wire::KernelLogLine> history_;
  std::size_t first_index_ = 0;
  std::uint64_t next_sequence_ = 0;
  bool knows_sequence_ = false;
  std::size_t capacity_ = 0;
};

}  // namespace kmodtest::guest
