// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel_log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <sys/klog.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "kept_mounts.hpp"
#include "shared/kmsg.hpp"
#include "wire/message.hpp"

namespace kmodtest::guest {
namespace {

// CONSOLE_EXT_LOG_MAX of <linux/printk.h>: the longest record that a read can return, with its dictionary.
constexpr std::size_t kLongestRecord = 8192;
// The kernel refuses more than about a thousand bytes at once.
constexpr std::size_t kLongestMarker = 400;
// SYSLOG_ACTION_SIZE_BUFFER of syslog(2), and the bytes of the buffer for each record (PRB_AVGBITS of
// kernel/printk/printk.c).
constexpr int kSizeOfBuffer = 10;
// SYSLOG_ACTION_CONSOLE_LEVEL, and the level at which only an emergency reaches the console.
constexpr int kConsoleLevel = 8;
constexpr int kEmergencies = 1;
constexpr std::uint8_t kWarning = 4;
// A line takes the console ten times as long as everything else that is done with it.
constexpr std::size_t kMostOnConsole = 2'000;
constexpr std::size_t kBytesPerRecord = 32;

}  // namespace

int KernelLog::open() {
  history_.clear();
  first_index_ = 0;
  knows_sequence_ = false;
  loud_ = 0;
  reader_ = base::Descriptor(open_kept("/dev/kmsg", O_RDONLY | O_NONBLOCK));
  if (!reader_) return errno;
  capacity_ =
      std::max(kBatch, static_cast<std::size_t>(std::max(::klogctl(kSizeOfBuffer, nullptr, 0), 0)) / kBytesPerRecord);
  return ::lseek(reader_.get(), 0, SEEK_END) < 0 ? errno : 0;
}

void KernelLog::close() {
  restore_console();
  reader_.close();
  history_.clear();
}

std::vector<wire::KernelLogLine> KernelLog::read_new(std::uint64_t *lost) {
  std::vector<wire::KernelLogLine> lines;
  char record[kLongestRecord];
  while (reader_ && lines.size() < kBatch) {
    const ssize_t got = ::read(reader_.get(), record, sizeof record);
    // EPIPE: overwritten; the next read continues after the gap
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;
    if (got <= 0) break;
    auto line = shared::parse_kmsg(std::string_view(record, static_cast<std::size_t>(got)));
    if (!line) continue;
    if (knows_sequence_ && line->sequence > next_sequence_) *lost += line->sequence - next_sequence_;
    next_sequence_ = line->sequence + 1;
    knows_sequence_ = true;
    if (line->level <= kWarning && ++loud_ == kMostOnConsole) calm_console();
    lines.push_back(std::move(*line));
  }
  if (history_.size() + lines.size() > 2 * kHistory) {
    const std::size_t old = history_.size() - kHistory;
    history_.erase(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(old));
    first_index_ += old;
  }
  history_.insert(history_.end(), lines.begin(), lines.end());
  return lines;
}

void KernelLog::mark(const std::string &text) {
  std::string line = std::string("<6>") + wire::kMarkerPrefix + text.substr(0, kLongestMarker);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  const base::Descriptor writer(open_kept("/dev/kmsg", O_WRONLY));
  // Without the newline the kernel keeps the record open for a continuation, and it cannot be read yet.
  if (writer) write_all(writer.get(), line + "\n");
}

void KernelLog::calm_console() {
  const std::string level = read_line("/proc/sys/kernel/printk");
  loud_level_ = std::atoi(level.c_str());
  ::klogctl(kConsoleLevel, nullptr, kEmergencies);
}

void KernelLog::restore_console() {
  if (loud_level_) ::klogctl(kConsoleLevel, nullptr, *loud_level_);
  loud_level_.reset();
  loud_ = 0;
}

std::size_t KernelLog::index_of(std::uint64_t sequence) const {
  const auto found =
      std::lower_bound(history_.begin(), history_.end(), sequence,
                       [](const wire::KernelLogLine &line, std::uint64_t wanted) { return line.sequence < wanted; });
  return first_index_ + static_cast<std::size_t>(found - history_.begin());
}

}  // namespace kmodtest::guest
