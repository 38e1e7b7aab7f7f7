// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kmodtest::storage {

/// True for "-" and /dev/stdout: the report goes to standard output.
bool is_standard_output(const std::filesystem::path &path);

/// An open file of ours. Every failure is a base::Error that names `shown_as`.
class OutputFile {
 public:
  enum class Mode { anew, append };

  /// Makes the file, or empties it (`append`: writes behind what it holds). Throws base::Error.
  OutputFile(const std::filesystem::path &path, std::filesystem::path shown_as, Mode mode = Mode::anew);
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

/// Makes the file, or empties it, and writes the content. Throws base::Error.
void write_file(const std::filesystem::path &path, std::string_view content);

/// Writes a file as a whole: beside it first, then renamed. On failure throws base::Error, and an old file stays. What
/// is no regular file (a pipe, standard output) is written to as it is.
void write_whole(const std::filesystem::path &path, std::string_view content);

/// Writes behind what the file holds, with one call of the system. Throws base::Error.
void append_whole(const std::filesystem::path &path, std::string_view content);

/// Throws the base::Error that write_whole() would, as far as one can know beforehand.
void check_writable(const std::filesystem::path &path);

/// The same for append_whole(). Makes the file.
void check_appendable(const std::filesystem::path &path);

}  // namespace kmodtest::storage
