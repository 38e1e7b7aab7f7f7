// SPDX-License-Identifier: GPL-2.0-or-later
#include "receiver.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <iterator>
#include <string_view>
#include <unistd.h>
#include <zlib.h>

#include "base/descriptor.hpp"

namespace kmodtest::guest {
namespace {

/// Returns whether a file of the controller's can be at this path: not in the place of what the agent needs.
bool can_be_at(std::string_view path) {
  if (!is_below(path, {""}) || is_below(path, {"/proc", "/sys", "/dev", "/modules", "/lib/modules"})) return false;
  constexpr std::string_view kOwn[] = {"/init", "/bin/sh", "/bin/busybox", "/sbin/modprobe"};
  return std::find(std::begin(kOwn), std::end(kOwn), path) == std::end(kOwn);
}

}  // namespace

void FileReceiver::begin(const std::string &path) {
  path_ = path;
  file_.close();
  size_ = 0;
  crc_ = 0;
  error_.clear();
  if (!can_be_at(path)) {
    error_ = "a file cannot be at '" + path + "'";
    return;
  }
  const int error = make_parents(path);
  if (error != 0) {
    error_ = describe_error("cannot make the folder of " + path, error);
    return;
  }
  // A new file each time: the old one can be in use.
  ::unlink(path.c_str());
  file_ = base::Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0755));
  if (!file_) error_ = describe_error("cannot write " + path, errno);
}

std::optional<wire::Pushed> FileReceiver::take(const wire::Push &chunk) {
  if (chunk.offset == 0) {
    begin(chunk.path);
  } else if (chunk.path != path_) {
    path_ = chunk.path;
    file_.close();
    size_ = 0;
    error_ = "the start of " + chunk.path + " is missing";
  } else if (error_.empty() && chunk.offset != size_) {
    error_ = "the chunks of " + path_ + " are not in order: expected offset " + std::to_string(size_) + ", got " +
             std::to_string(chunk.offset);
  }
  if (error_.empty()) {
    const int error = write_all(file_.get(), chunk.data);
    if (error != 0) error_ = describe_error("cannot write " + path_, error);
    size_ += chunk.data.size();
    crc_ = static_cast<std::uint32_t>(::crc32(crc_, reinterpret_cast<const unsigned char *>(chunk.data.data()),
                                              static_cast<unsigned>(chunk.data.size())));
  }
  if (!chunk.last) return std::nullopt;
  if (error_.empty() && crc_ != chunk.crc) error_ = "the checksum of " + path_ + " is wrong";
  const bool failed = !error_.empty();
  // The rest of a failed file would only fill the guest's memory; a path that was refused is not touched.
  if (failed && file_) ::unlink(path_.c_str());
  wire::Pushed pushed{path_, size_, error_};
  file_.close();
  path_.clear();
  error_.clear();
  return pushed;
}

}  // namespace kmodtest::guest
