// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kmodtest::storage {

/// Returns true for "-" and /dev/stdout: the output goes to standard output.
bool is_standard_output(const std::filesystem::path &path);

/// An open output file. Every failure is a base::Error that names `shown_as`.
class OutputFile {
 public:
  enum class Mode { truncate, append };

  /// Creates or truncates the file; with `append`, keeps its content and writes after it. Throws base::Error.
  OutputFile(const std::filesystem::path &path, std::filesystem::path shown_as, Mode mode = Mode::truncate);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  /// Writes all the data now. Throws base::Error.
  void write(std::string_view data);
  /// Syncs the file to the disk and closes it. Throws base::Error.
  void sync_and_close();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path shown_as_;
  int fd_ = -1;
};

/// Creates or truncates the file and writes the content. Throws base::Error.
void write_file(const std::filesystem::path &path, std::string_view content);

/// Replaces a file as a whole: writes next to it first, then renames. On failure throws base::Error, and an old file
/// stays. Anything but a regular file (a pipe, standard output) is written to directly.
void write_whole(const std::filesystem::path &path, std::string_view content);

/// Appends to the file with one system call. Throws base::Error.
void append_whole(const std::filesystem::path &path, std::string_view content);

/// Throws the base::Error that write_whole() would throw, as far as that can be known in advance.
void check_writable(const std::filesystem::path &path);

/// Throws the base::Error that append_whole() would throw, as far as that can be known in advance. Creates the file.
void check_appendable(const std::filesystem::path &path);

}  // namespace kmodtest::storage
