// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/log_overlay.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <utility>

#include "text/escape.hpp"
#include "text/words.hpp"

namespace kmodtest::cli {

namespace {

constexpr char kEscape = '\033';
constexpr char kBell = '\a';

std::size_t parameter(std::string_view sequence) {
  const long value = std::strtol(std::string(sequence.substr(2)).c_str(), nullptr, 10);
  return value > 0 ? static_cast<std::size_t>(value) : 1;
}

}  // namespace

bool sequence_is_complete(std::string_view sequence) {
  if (sequence.size() < 2) return false;
  const char kind = sequence[1];
  const char last = sequence.back();
  if (kind == '[') return sequence.size() > 2 && last >= '@' && last <= '~';
  if (kind == ']') return last == kBell || sequence.ends_with("\033\\");
  if (kind == '(' || kind == ')') return sequence.size() > 2;
  return true;
}

std::string LogOverlay::output(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) take(byte, out);
  return out;
}

void LogOverlay::take(char byte, std::string &out) {
  if (!sequence_.empty()) {
    sequence_ += byte;
    if (sequence_.size() > kLongestLine) sequence_.clear();
    if (sequence_is_complete(sequence_)) sequence_ended(out);
    return;
  }
  if (byte == kEscape) {
    sequence_ = byte;
    return;
  }
  out += byte;
  if (byte == '\n') {
    new_line();
    if (may_show()) out += show_waiting();
    return;
  }
  if (present_.size() < kLongestLine) present_ += byte;
  if (byte == '\r') {
    column_ = 0;
  } else if (byte == '\b') {
    if (column_ > 0) --column_;
  } else if (byte == '\t') {
    column_ = (column_ / 8 + 1) * 8;
  } else if (static_cast<unsigned char>(byte) >= ' ' && (static_cast<unsigned char>(byte) & 0xC0u) != 0x80u) {
    ++column_;
  }
  widest_ = std::max(widest_, column_);
}

void LogOverlay::sequence_ended(std::string &out) {
  const std::string sequence = std::exchange(sequence_, {});
  if (sequence == kPromptMark) {
    // A prompt follows, wherever the previous program left the cursor.
    if (std::exchange(wandering_, false)) {
      new_line();
      if (!waiting_.empty()) out += "\r\n" + show_waiting();
    }
    out += sequence;
    return;
  }
  out += sequence;
  const char last = sequence.back();
  if (sequence[1] != '[') {
    if (sequence[1] != ']') wandering_ = true;
    return;
  }
  if (sequence == "\033[?1049h" || sequence == "\033[?47h") other_screen_ = true;
  if (sequence == "\033[?1049l" || sequence == "\033[?47l") other_screen_ = false;
  if (last == 'n') return;  // a query: if sent again, the terminal would answer again
  if (last == 'C') column_ += parameter(sequence);
  if (last == 'D') column_ -= std::min(column_, parameter(sequence));
  widest_ = std::max(widest_, column_);
  // These erase the rest of the line or screen, or change colours, without moving the cursor.
  const bool stays = std::string_view("mKCDP@X").find(last) != std::string_view::npos ||
                     (last == 'J' && (sequence == "\033[J" || sequence == "\033[0J")) ||
                     ((last == 'h' || last == 'l') && !other_screen_);
  if (!stays) wandering_ = true;
  if (present_.size() < kLongestLine) present_ += sequence;
}

void LogOverlay::new_line() {
  present_.clear();
  column_ = widest_ = 0;
}

std::string LogOverlay::show_waiting() {
  std::string text;
  if (left_out_ > 0)
    waiting_.push_front(fmt::format("… {} of the kernel log left out", text::counted(left_out_, "line")));
  left_out_ = 0;
  for (const std::string &line : waiting_) text += color_ ? fmt::format("\033[2m{}\033[0m\r\n", line) : line + "\r\n";
  waiting_.clear();
  return text;
}

std::string LogOverlay::line(const std::string &text) {
  waiting_.push_back(text::printable(text));
  if (waiting_.size() > kMostWaiting) {
    waiting_.pop_front();
    ++left_out_;
  }
  if (!may_show() || !sequence_.empty()) return {};
  return "\r\033[K" + show_waiting() + present_;
}

std::string LogOverlay::finish() {
  std::string text;
  if (other_screen_) text += "\033[?1049l";
  if (wandering_ || other_screen_) text += "\033[0m\033[?25h";
  if (column_ > 0) text += "\r\n";
  new_line();
  return text + show_waiting();
}

}  // namespace kmodtest::cli
