// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/watch/file_watch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <set>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <utility>

#include "base/error.hpp"

namespace kmodtest::run {

namespace asio = base::asio;
namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;

/// Returns whether an entry is complete when it appears: a folder, a link. For a file, a second event follows when it
/// has been written.
bool is_whole_when_made(const fs::path &path, std::uint32_t mask) {
  if ((mask & IN_ISDIR) != 0) return true;
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return false;
  return S_ISLNK(status.st_mode) || (S_ISREG(status.st_mode) && status.st_nlink > 1);
}

[[noreturn]] void fail(const fs::path &folder, int error) {
  std::string hint;
  if (error == ENOSPC) hint = "the kernel allows no more watches: raise fs.inotify.max_user_watches (sysctl)";
  if (error == EMFILE) hint = "the kernel allows no more of them: raise fs.inotify.max_user_instances (sysctl)";
  const std::string what = folder.empty() ? "changes of files" : folder.string();
  throw base::Error(base::Code::cannot_watch, fmt::format("cannot watch {}: {}", what, std::strerror(error)), hint);
}

}  // namespace

FileWatch::FileWatch(asio::io_context &io, std::function<void(const fs::path &)> changed)
    : changed_(std::move(changed)), stream_(io) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) fail({}, errno);
  stream_.assign(fd);
  read();
}

std::size_t FileWatch::watch(const std::vector<fs::path> &folders) {
  const std::set<fs::path> wanted(folders.begin(), folders.end());
  for (auto at = watches_.begin(); at != watches_.end();) {
    if (wanted.count(at->first) > 0) {
      ++at;
      continue;
    }
    ::inotify_rm_watch(stream_.native_handle(), at->second);
    folders_.erase(at->second);
    at = watches_.erase(at);
  }
  std::size_t added = 0;
  for (const fs::path &folder : wanted) {
    if (watches_.count(folder) > 0) continue;
    const int watch = ::inotify_add_watch(stream_.native_handle(), folder.c_str(), kEvents);
    if (watch < 0) {
      if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) continue;
      fail(folder, errno);
    }
    // Two paths of one folder have one watch, that of the first path.
    if (!folders_.emplace(watch, folder).second) continue;
    watches_[folder] = watch;
    ++added;
  }
  return added;
}

void FileWatch::read() {
  stream_.async_read_some(asio::buffer(buffer_), [this](boost::system::error_code error, std::size_t size) {
    if (error) return;
    take(buffer_.data(), buffer_.data() + size);
    read();
  });
}

void FileWatch::take(const char *at, const char *end) {
  while (at < end) {
    inotify_event event{};
    std::memcpy(&event, at, sizeof event);
    const std::string name = event.len > 0 ? std::string(at + sizeof event) : std::string();
    at += sizeof event + event.len;
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      changed_({});
      continue;
    }
    const fs::path path = path_of(event.wd, event.mask, name);
    if ((event.mask & (IN_IGNORED | IN_MOVE_SELF)) != 0) {
      // The folder has been removed or renamed: watch() finds it again if it reappears.
      if (const auto known = folders_.find(event.wd); known != folders_.end()) {
        if ((event.mask & IN_MOVE_SELF) != 0) ::inotify_rm_watch(stream_.native_handle(), event.wd);
        watches_.erase(known->second);
        folders_.erase(known);
      }
    }
    if (!path.empty()) changed_(path);
  }
}

fs::path FileWatch::path_of(int watch, std::uint32_t mask, const std::string &name) const {
  const auto folder = folders_.find(watch);
  if (folder == folders_.end()) return {};
  if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) return folder->second;
  if (name.empty()) return {};
  fs::path path = folder->second / name;
  if ((mask & IN_CREATE) != 0 && !is_whole_when_made(path, mask)) return {};
  return path;
}

}  // namespace kmodtest::run
