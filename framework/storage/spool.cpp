// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage/spool.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

#include "base/error.hpp"
#include "base/write_error.hpp"

namespace kmodtest::storage {

namespace {

constexpr std::size_t kBlock = 256 * 1024;

/// Returns a new file without a name in the folder; -1 if there can be none.
int nameless_file(const std::filesystem::path &folder) {
  const std::filesystem::path place = folder.empty() ? "." : folder;
  const int fd = ::open(place.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  std::string name = (place / ".kmodtest-XXXXXX").string();  // some file systems have no nameless files
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

Spool::~Spool() {
  if (fd_ >= 0) ::close(fd_);
}

void Spool::fail(int error) const {
  throw base::Error(base::code_of_write(error),
                    fmt::format("cannot keep the parts of '{}' on disk: {}", output_.string(),
                                std::generic_category().message(error)),
                    "free some space there, or name a file elsewhere");
}

void Spool::open() {
  std::error_code ignored;
  if (!std::filesystem::exists(output_, ignored) || std::filesystem::is_regular_file(output_, ignored))
    fd_ = nameless_file(output_.parent_path());
  if (fd_ < 0) fd_ = nameless_file(std::filesystem::temp_directory_path(ignored));
  if (fd_ < 0) fail(errno);
}

void Spool::flush() {
  if (fd_ < 0) open();
  std::string_view rest = waiting_;
  while (!rest.empty()) {
    const ssize_t size = ::pwrite(fd_, rest.data(), rest.size(), static_cast<off_t>(written_));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail(errno);
    rest.remove_prefix(static_cast<std::size_t>(size));
    written_ += static_cast<std::uint64_t>(size);
  }
  waiting_.clear();
}

Spool::Piece Spool::add(std::string_view text) {
  const Piece piece{written_ + waiting_.size(), text.size()};
  waiting_ += text;
  if (waiting_.size() >= kBlock) flush();
  return piece;
}

std::string Spool::read(const Piece &piece) {
  if (piece.offset >= written_) {
    return waiting_.substr(static_cast<std::size_t>(piece.offset - written_), static_cast<std::size_t>(piece.size));
  }
  if (piece.offset + piece.size > written_) flush();
  std::string text(static_cast<std::size_t>(piece.size), '\0');
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t size = ::pread(fd_, text.data() + at, text.size() - at, static_cast<off_t>(piece.offset + at));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) fail(size < 0 ? errno : EIO);
    at += static_cast<std::size_t>(size);
  }
  return text;
}

}  // namespace kmodtest::storage
