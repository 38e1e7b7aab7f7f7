// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/sched/trace_pages.hpp"

#include <cstddef>
#include <cstring>
#include <fmt/format.h>

#include "base/error.hpp"

namespace kmodtest::observe {
namespace {

constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kEventHeaderBytes = 4;
constexpr std::uint32_t kCommitMask = (1u << 20) - 1;
constexpr std::uint32_t kMissedEvents = 1u << 31;
constexpr std::uint32_t kMissedStored = 1u << 30;
constexpr unsigned kDeltaBits = 27;

/// Types in the event header; up to 28 it is the length of the data in words.
enum : std::uint32_t { kLong = 0, kPadding = 29, kTimeExtend = 30, kTimeStamp = 31 };

/// Reads a number. The guest is a little-endian machine of 64 bits, as is the host.
template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

class Page {
 public:
  Page(std::uint32_t cpu, std::string_view bytes) : cpu_(cpu), bytes_(bytes) {}

  void read(std::vector<RawEvent> &events, std::uint64_t &missed) {
    if (bytes_.size() < kHeaderBytes) fail(fmt::format("it has {} bytes", bytes_.size()));
    time_ = number_at<std::uint64_t>(bytes_, 0);
    const auto commit = number_at<std::uint32_t>(bytes_, 8);
    end_ = kHeaderBytes + (commit & kCommitMask);
    if (end_ > bytes_.size()) fail(fmt::format("it claims to have {} bytes, but has {}", end_, bytes_.size()));
    if ((commit & kMissedEvents) != 0) {
      const bool stored = (commit & kMissedStored) != 0 && bytes_.size() - end_ >= sizeof(std::uint64_t);
      const std::uint64_t count = stored ? number_at<std::uint64_t>(bytes_, end_) : 1;
      missed += count == 0 ? 1 : count;
    }
    for (at_ = kHeaderBytes; at_ < end_;) {
      if (!read_event(events)) return;
    }
  }

 private:
  /// Returns false at the end of the used part.
  bool read_event(std::vector<RawEvent> &events) {
    const std::size_t begin = at_;
    const auto header = take<std::uint32_t>();
    const std::uint32_t type = header & 0x1f;
    const std::uint64_t delta = header >> 5;
    if (type == kTimeExtend) {
      time_ += delta + (std::uint64_t{take<std::uint32_t>()} << kDeltaBits);
    } else if (type == kTimeStamp) {
      // The upper bits do not fit into the event; they are those of the time so far.
      constexpr std::uint64_t kUpper = ~((std::uint64_t{1} << 59) - 1);
      time_ = (time_ & kUpper) | (delta + (std::uint64_t{take<std::uint32_t>()} << kDeltaBits));
    } else if (type == kPadding) {
      if (delta == 0) return false;
      skip(begin, take<std::uint32_t>());  // an event that was discarded
      time_ += delta;
    } else {
      time_ += delta;
      std::size_t length = std::size_t{type} * 4;
      if (type == kLong) length = take<std::uint32_t>();
      // An explicit length includes itself, and is rounded up to words in the page.
      const std::size_t own = type == kLong ? kEventHeaderBytes : 0;
      if (length < own || length > end_ - begin) fail_at(begin, length);
      const std::size_t data = at_;
      skip(begin, length);
      events.push_back({.time = time_, .cpu = cpu_, .data = bytes_.substr(data, length - own)});
    }
    return true;
  }

  template <class Number>
  Number take() {
    if (end_ - at_ < sizeof(Number)) fail(fmt::format("it ends in the middle of the event at {}", at_));
    at_ += sizeof(Number);
    return number_at<Number>(bytes_, at_ - sizeof(Number));
  }

  /// Moves past the event that began at `begin`, whose header is followed by `length` bytes.
  void skip(std::size_t begin, std::size_t length) {
    const std::size_t rounded = (length + 3) / 4 * 4;
    if (length > end_ || rounded > end_ - begin - kEventHeaderBytes) fail_at(begin, length);
    if (begin + kEventHeaderBytes + rounded < at_) fail_at(begin, length);
    at_ = begin + kEventHeaderBytes + rounded;
  }

  [[noreturn]] void fail_at(std::size_t begin, std::size_t length) const {
    fail(fmt::format("its event at {} has {} bytes, of {}", begin, length, end_ - begin));
  }
  [[noreturn]] void fail(const std::string &why) const {
    throw base::Error(base::Code::trace_unusable, fmt::format("a page of CPU {}'s trace is damaged: {}", cpu_, why));
  }

  std::uint32_t cpu_;
  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::uint64_t time_ = 0;
};

}  // namespace

void read_trace_pages(const wire::TracePages &pages, std::vector<RawEvent> &events, std::uint64_t &missed) {
  for (const std::string &page : pages.pages) Page(pages.cpu, page).read(events, missed);
}

}  // namespace kmodtest::observe
