// SPDX-License-Identifier: GPL-2.0-or-later
#include "system.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "kept_mounts.hpp"
#include "text/number.hpp"

namespace kmodtest::guest {

Time now() {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return Time(static_cast<std::int64_t>(ts.tv_sec) * 1'000'000 + ts.tv_nsec / 1000);
}

Time later(Time from, Time span) {
  return span >= kNever - from ? kNever : from + span;
}

timespec to_timespec(Time span) {
  span = std::max(span, Time(0));
  return {static_cast<time_t>(span.count() / 1'000'000), static_cast<long>(span.count() % 1'000'000) * 1000};
}

void sleep_until(Time moment) {
  const timespec ts = to_timespec(moment);
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, nullptr) == EINTR) {
  }
}

FileText read_all(int fd, std::size_t limit) {
  FileText result;
  // Not into the string: that would clear each piece before it is read, which costs more than reading.
  static char piece[16u << 10];
  for (;;) {
    // One byte more than the limit distinguishes a file of exactly that size from a longer one.
    const std::size_t room = std::min(sizeof piece, limit + 1 - result.content.size());
    ssize_t got = 0;
    do got = ::read(fd, piece, room);
    while (got < 0 && errno == EINTR);
    result.error = got < 0 ? errno : 0;
    if (got <= 0) return result;
    result.content.append(piece, static_cast<std::size_t>(got));
    if (result.content.size() > limit) {
      result.content.resize(limit);
      result.truncated = true;
      return result;
    }
  }
}

FileText read_file(const char *path, std::size_t limit) {
  const base::Descriptor fd(open_kept(path, O_RDONLY | O_NOCTTY));
  if (!fd) return {errno, {}, false};
  return read_all(fd.get(), limit);
}

std::string read_line(const char *path) {
  std::string line = read_file(path, 4096).content;
  line.resize(std::min(line.find('\n'), line.size()));
  return line;
}

int write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t wrote = ::write(fd, data.data(), data.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    data.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

int write_text(const std::string &path, std::string_view text) {
  const base::Descriptor file(open_kept(path.c_str(), O_WRONLY));
  return file ? write_all(file.get(), text) : errno;
}

std::vector<std::string> list_folder(const char *path) {
  std::vector<std::string> names;
  const int fd = open_kept(path, O_RDONLY | O_DIRECTORY);
  DIR *folder = fd < 0 ? nullptr : ::fdopendir(fd);
  if (folder == nullptr) return names;
  while (const dirent *entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(folder);
  return names;
}

int make_parents(const std::string &path) {
  constexpr mode_t kMode = 0755;
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (::mkdir(path.substr(0, slash).c_str(), kMode) != 0 && errno != EEXIST) return errno;
  return 0;
}

bool is_below(std::string_view path, std::initializer_list<std::string_view> roots) {
  if (path.find('\0') != std::string_view::npos) return false;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view component = path.substr(begin, end - begin);
    if (component == "." || component == "..") return false;
    begin = end + 1;
  }
  return std::any_of(roots.begin(), roots.end(), [&](std::string_view root) {
    return path.size() > root.size() + 1 && path.starts_with(root) && path[root.size()] == '/';
  });
}

void complain(const std::string &text) {
  const base::Descriptor console(::open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC));
  if (console) write_all(console.get(), "kmodtest-agent: " + text + "\n");
}

std::uint64_t number_after(std::string_view text, std::string_view key) {
  const std::size_t found = text.find(key);
  if (found == std::string_view::npos) return 0;
  const std::size_t digits = std::min(text.find_first_of("0123456789", found + key.size()), text.size());
  return text::leading_number<std::uint64_t>(text.substr(digits)).value_or(0);
}

std::string describe_error(const std::string &what, int error) {
  return what + ": " + std::strerror(error);
}

}  // namespace kmodtest::guest
