// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage/output_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "base/write_error.hpp"
#include "storage/whole_file.hpp"

namespace kmodtest::storage {

namespace {

namespace fs = std::filesystem;

std::string hint_for(int error) {
  if (base::is_disk_full(error)) return "free some space there, or name a file elsewhere";
  switch (error) {
    case ENOENT:
      return "make the folder first, or name a file elsewhere";
    case EPIPE:
      return "the program that reads it ended before the run";
    default:
      return "name a file that you may write";
  }
}

[[noreturn]] void fail_writing(const fs::path &path, int error) {
  const std::string name = path == "-" ? "to standard output" : fmt::format("'{}'", path.string());
  throw base::Error(base::code_of_write(error),
                    fmt::format("cannot write {}: {}", name, std::generic_category().message(error)), hint_for(error));
}

fs::path partial_of(const fs::path &path) {
  return path.parent_path() / fmt::format(".{}.{}.partial", path.filename().string(), getpid());
}

/// Returns whether the path is a pipe, a terminal, /dev/null…
bool is_special(const fs::path &path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

}  // namespace

bool is_standard_output(const fs::path &path) {
  return path == "-" || path == "/dev/stdout";
}

OutputFile::OutputFile(const fs::path &path, fs::path shown_as, Mode mode) : shown_as_(std::move(shown_as)) {
  constexpr mode_t kReadableByAll = 0666;  // less the umask
  // If standard output leads to a file, opening it by name would truncate it.
  if (is_standard_output(path)) {
    fd_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  } else {
    const int how = mode == Mode::append ? O_APPEND : O_TRUNC;
    fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, kReadableByAll);
  }
  if (fd_ < 0) fail(errno);
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) close(fd_);
}

void OutputFile::fail(int error) const {
  fail_writing(shown_as_, error);
}

void OutputFile::write(std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd_, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

void OutputFile::sync_and_close() {
  // Pipes and some file systems have no fsync; they return EINVAL.
  if (fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) fail(errno);
  if (close(std::exchange(fd_, -1)) != 0) fail(errno);
}

void write_file(const std::filesystem::path &path, std::string_view content) {
  OutputFile output(path, path);
  output.write(content);
}

WholeFile::WholeFile(fs::path path) : path_(std::move(path)) {
  if (is_standard_output(path_) || is_special(path_)) {
    file_.emplace(path_, path_);
    return;
  }
  if (fs::is_directory(path_)) fail_writing(path_, EISDIR);
  partial_ = partial_of(path_);
  file_.emplace(partial_, path_);
}

WholeFile::~WholeFile() {
  if (!partial_.empty()) unlink(partial_.c_str());
}

void WholeFile::commit() {
  file_->sync_and_close();
  if (partial_.empty()) return;
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) fail_writing(path_, errno);
  partial_.clear();
}

void write_whole(const fs::path &path, std::string_view content) {
  WholeFile file(path);
  file.write(content);
  file.commit();
}

void append_whole(const fs::path &path, std::string_view content) {
  OutputFile file(path, path, OutputFile::Mode::append);
  file.write(content);
  file.sync_and_close();
}

void check_writable(const fs::path &path) {
  if (is_standard_output(path)) return;
  if (is_special(path)) {
    if (access(path.c_str(), W_OK) != 0) fail_writing(path, errno);
    return;
  }
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) fail_writing(path, EISDIR);
  const fs::path partial = partial_of(path);
  { const OutputFile probe(partial, path); }
  unlink(partial.c_str());
}

void check_appendable(const fs::path &path) {
  const OutputFile probe(path, path, OutputFile::Mode::append);
}

}  // namespace kmodtest::storage
