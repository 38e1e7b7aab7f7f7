// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/log_budget.hpp"

#include <algorithm>
#include <utility>

#include "shared/kmsg.hpp"

namespace kmodtest::shared {
namespace {

constexpr std::uint8_t kWarning = 4;
constexpr std::size_t kAroundText = 24;  ///< bytes of a line in a message, besides its texts

std::size_t size_of(const wire::KernelLogLine &line) {
  return line.text.size() + line.caller.size() + kAroundText;
}

}  // namespace

std::optional<wire::LogLines> LogBudget::take(wire::LogLines fresh) {
  wire::LogLines out;
  out.lost = fresh.lost;
  for (wire::KernelLogLine &line : fresh.lines) {
    full_ = full_ || sent_ + size_of(line) > bytes_;
    if (!full_) {
      send(std::move(line), out);
      continue;
    }
    const bool marker = is_marker(line);
    const bool matters = marker || (line.level <= kWarning && has_room());
    kept_back_.push_back(std::move(line));
    if (matters) {
      release(has_room() ? kContext + 1 : 1, out);
    } else if (kept_back_.size() > kNewest) {
      kept_back_.pop_front();
      ++left_out_;
    }
  }
  if (out.lines.empty() && out.lost == 0 && left_out_ < kCountEvery) return std::nullopt;
  out.left_out = std::exchange(left_out_, 0);
  return out;
}

std::optional<wire::LogLines> LogBudget::newest(bool last) {
  if (kept_back_.empty() && left_out_ == 0) return std::nullopt;
  wire::LogLines out;
  release(last || has_room() ? kNewest : 0, out);
  out.left_out = std::exchange(left_out_, 0);
  return out;
}

void LogBudget::send(wire::KernelLogLine line, wire::LogLines &out) {
  sent_ += size_of(line);
  out.lines.push_back(std::move(line));
}

void LogBudget::release(std::size_t most, wire::LogLines &out) {
  const std::size_t dropped = kept_back_.size() - std::min(kept_back_.size(), most);
  left_out_ += dropped;
  kept_back_.erase(kept_back_.begin(), kept_back_.begin() + static_cast<std::ptrdiff_t>(dropped));
  for (wire::KernelLogLine &line : kept_back_) send(std::move(line), out);
  kept_back_.clear();
}

}  // namespace kmodtest::shared
