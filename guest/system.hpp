// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "wire/records.hpp"

/// Thin wrappers of system calls for the agent. Errors are errno values, 0 for success.
namespace kmodtest::guest {

using Time = wire::Microseconds;  ///< CLOCK_MONOTONIC of the guest, or a span of it
inline constexpr Time kNever = Time::max();

Time now();
/// Returns `span` after `from`, without overflow.
Time later(Time from, Time span);

/// Returns a span for a system call; 0 if it is negative.
timespec to_timespec(Time span);

/// Sleeps up to a moment of CLOCK_MONOTONIC.
void sleep_until(Time moment);

struct FileText {
  int error = 0;
  std::string content;
  bool truncated = false;
};

/// Returns the file's content, at most `limit` bytes of it. Like all functions here that take a path, it sees the kept
/// mounts (kept_mounts.hpp).
FileText read_file(const char *path, std::size_t limit = 1u << 20);
/// Returns the content without its final newline; empty if it cannot be read.
std::string read_line(const char *path);
/// Reads from `fd` to the end or to `limit`.
FileText read_all(int fd, std::size_t limit);
/// Writes everything, also into pipes that are temporarily full (the descriptor must be a blocking one).
int write_all(int fd, std::string_view data);
/// Opens an existing file, such as an attribute of sysfs, and writes the text.
int write_text(const std::string &path, std::string_view text);

/// Returns the names in a folder except for "." and "..", in the kernel's order; empty if it cannot be read.
std::vector<std::string> list_folder(const char *path);

/// Creates the folders above `path`.
int make_parents(const std::string &path);

/// Returns whether `path` is absolute, without "." and ".." components, and below one of the `roots` ("/tmp").
bool is_below(std::string_view path, std::initializer_list<std::string_view> roots);

/// Prints a line on the guest's console: only for what cannot be reported to the controller in another way.
void complain(const std::string &text);

/// Returns the number after `key` in a text such as /proc/meminfo; 0 if there is none.
std::uint64_t number_after(std::string_view text, std::string_view key);

/// Returns "cannot open /tmp/x: No such file or directory".
std::string describe_error(const std::string &what, int error);

}  // namespace kmodtest::guest
