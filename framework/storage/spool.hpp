// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace kmodtest::storage {

/// Texts that wait on disk, in a file without a name, until an output can be written in its order. So an output of
/// 100,000 cases takes little memory.
class Spool {
 public:
  /// A text in the spool.
  struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  /// `output` is the file for which the texts wait: they are next to it, or in the folder for temporary files if it is
  /// not a regular file. Nothing is created before the first text.
  explicit Spool(std::filesystem::path output) : output_(std::move(output)) {}
  ~Spool();
  Spool(const Spool &) = delete;
  Spool &operator=(const Spool &) = delete;

  /// Keeps a text. Throws base::Error that names the output.
  Piece add(std::string_view text);
  /// Returns a text. Throws base::Error that names the output.
  std::string read(const Piece &piece);

 private:
  void open();
  void flush();
  [[noreturn]] void fail(int error) const;

  std::filesystem::path output_;
  int fd_ = -1;
  std::uint64_t written_ = 0;
  std::string waiting_;  ///< what follows the written part
};

}  // namespace kmodtest::storage
