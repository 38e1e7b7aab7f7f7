// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/line_history.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "cli/log_overlay.hpp"
#include "text/lines.hpp"

namespace kmodtest::cli {

namespace {

constexpr char kControlEscape = '\033';
constexpr std::size_t kLongestSequence = 256;
constexpr const char *kEndOfLine = "\x05";     // Ctrl-E
constexpr const char *kForgetBefore = "\x15";  // Ctrl-U

struct Key {
  std::string_view bytes;
  bool older;
};
constexpr Key kKeys[] = {{"\033[A", true},  {"\033OA", true},  {"\x10", true},
                         {"\033[B", false}, {"\033OB", false}, {"\x0e", false}};

bool is_start(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0u) != 0x80u;
}

std::size_t bytes_of_character(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
}

}  // namespace

LineHistory::LineHistory(std::string_view saved) : lines_(text::lines_of(saved)), at_(lines_.size()) {}

std::string LineHistory::text() const {
  std::string text;
  const std::size_t first = lines_.size() > kMostLines ? lines_.size() - kMostLines : 0;
  for (std::size_t i = first; i < lines_.size(); ++i) text += lines_[i] + "\n";
  return text;
}

void LineHistory::output(std::string_view bytes) {
  for (const char byte : bytes) take(byte);
}

void LineHistory::take(char byte) {
  if (!sequence_.empty()) {
    sequence_ += byte;
    if (sequence_is_complete(sequence_)) {
      sequence_ended();
    } else if (sequence_.size() > kLongestSequence) {
      sequence_.clear();
    }
    return;
  }
  if (byte == kControlEscape) {
    sequence_ = byte;
    return;
  }
  if (byte == '\n') {
    if (at_prompt_) entered();
    at_prompt_ = returned_ = false;
    return;
  }
  if (byte == '\r') {
    returned_ = true;
    return;
  }
  if (!at_prompt_) return;
  if (std::exchange(returned_, false)) known_ = false;  // overwritten without a prompt
  if (byte == '\b') {
    if (cursor_ > 0) --cursor_;
  } else if (static_cast<unsigned char>(byte) >= ' ' && byte != 0x7f) {
    if (is_start(byte)) character_.clear();
    character_ += byte;
    if (character_.size() >= bytes_of_character(character_[0])) put(std::exchange(character_, {}));
  }
}

void LineHistory::put(std::string_view character) {
  if (cursor_ < cells_.size()) {
    cells_[cursor_] = character;
  } else {
    cells_.emplace_back(character);
  }
  ++cursor_;
}

void LineHistory::sequence_ended() {
  const std::string sequence = std::exchange(sequence_, {});
  if (sequence == kPromptMark) {
    at_prompt_ = returned_ = false;
    return;
  }
  if (sequence == kInputMark) {
    at_prompt_ = known_ = true;
    returned_ = false;
    cells_.clear();
    cursor_ = 0;
    return;
  }
  if (!at_prompt_ || sequence[1] == ']') return;
  const char last = sequence.back();
  const long number = std::strtol(sequence.c_str() + std::min<std::size_t>(2, sequence.size()), nullptr, 10);
  const std::size_t many = number > 0 ? static_cast<std::size_t>(number) : 1;
  if (last == 'J' || last == 'K') {
    cells_.resize(std::min(cells_.size(), cursor_));
  } else if (last == 'D') {
    cursor_ -= std::min(cursor_, many);
  } else if (last == 'C') {
    cursor_ = std::min(cells_.size(), cursor_ + many);
  } else if (last != 'm' && last != 'n') {
    known_ = false;
  }
}

std::string LineHistory::line() const {
  std::string text;
  for (const std::string &cell : cells_) text += cell;
  return text;
}

void LineHistory::entered() {
  // A completion's list also ends the line on the screen.
  if (!std::exchange(confirmed_, false) || !known_) return;
  const std::string text = line();
  const bool worth_it = text.find_first_not_of(' ') != std::string::npos && text[0] != ' ' && !text.ends_with("^C");
  if (worth_it && (lines_.empty() || lines_.back() != text)) lines_.push_back(text);
  at_ = lines_.size();
}

std::string LineHistory::recall(bool older) {
  if ((older && at_ == 0) || (!older && at_ == lines_.size())) return "\a";
  if (at_ == lines_.size()) draft_ = line();
  at_ = older ? at_ - 1 : at_ + 1;
  return std::string(kEndOfLine) + kForgetBefore + (at_ == lines_.size() ? draft_ : lines_[at_]);
}

std::string LineHistory::keys(std::string_view typed) {
  std::string given;
  while (!typed.empty()) {
    const Key *key = nullptr;
    for (const Key &candidate : kKeys)
      if (at_prompt_ && known_ && typed.starts_with(candidate.bytes)) key = &candidate;
    if (key != nullptr) {
      const std::string line = recall(key->older);
      if (line != "\a") given += line;
      typed.remove_prefix(key->bytes.size());
      continue;
    }
    if (typed[0] == '\r' || typed[0] == '\n') confirmed_ = true;
    if (typed[0] == '\x03') confirmed_ = false;
    given += typed[0];
    typed.remove_prefix(1);
  }
  return given;
}

}  // namespace kmodtest::cli
