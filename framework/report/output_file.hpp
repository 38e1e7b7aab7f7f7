// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kmodtest::report {

/// An open file of ours. Every failure is a base::Error that names `shown_as`.
class OutputFile {
 public:
  /// Makes the file, or empties it. Throws base::Error.
  OutputFile(const std::filesystem::path &path, std::filesystem::path shown_as);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  /// Writes all of it now, or throws base::Error.
  void write(std::string_view data);
  /// To the disk, then closes; throws base::Error.
  void sync_and_close();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path shown_as_;
  int fd_ = -1;
};

/// Writes a file as a whole: beside it first, then renamed. On failure throws base::Error, and an old file stays. What
/// is no regular file (a pipe, /dev/stdout) is written to as it is.
void write_whole(const std::filesystem::path &path, std::string_view content);

/// Throws the base::Error that write_whole() would, as far as one can know beforehand.
void check_writable(const std::filesystem::path &path);

}  // namespace kmodtest::report
