// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/shell_text.hpp"

#include <algorithm>
#include <cctype>

#include "text/number.hpp"
#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

bool is_shell_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Fills the variables of one text in.
class Filler {
 public:
  Filler(std::string_view text, const ShellLookup &lookup) : text_(text), lookup_(lookup) {}

  ShellValue run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '`') return std::nullopt;
      if (c == '\'' && !in_quotes_) {
        copy_to(text_.find('\'', at_ + 1));
      } else if (c == '\\') {
        copy_to(at_ + 1);
      } else if (c == '$') {
        if (!variable()) return std::nullopt;
      } else {
        if (c == '"') in_quotes_ = !in_quotes_;
        copy_to(at_);
      }
    }
    return std::move(result_);
  }

 private:
  /// Copies up to the character at `last`, inclusive.
  void copy_to(std::size_t last) {
    const std::size_t end = std::min(last == std::string_view::npos ? last : last + 1, text_.size());
    result_ += text_.substr(at_, end - at_);
    at_ = end;
  }

  bool variable() {
    const auto rest = text_.substr(at_ + 1);
    if (rest.starts_with("((")) return arithmetic();
    if (rest.starts_with('(')) return false;
    if (rest.starts_with('{')) return braces();
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_shell_name_char(text_[end])) ++end;
    if (end == at_ + 1) {
      copy_to(at_);
      return true;
    }
    return put(std::string(text_.substr(at_ + 1, end - at_ - 1)), end);
  }

  bool braces() {
    const std::size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) return false;
    const auto inner = text_.substr(at_ + 2, end - at_ - 2);
    const auto colon = inner.find(":-");
    const std::string name(inner.substr(0, colon));
    if (name.find_first_of(":#%/!^,@*") != std::string::npos) return false;
    if (colon == std::string_view::npos) return put(name, end + 1);
    const auto value = lookup_(name);
    if (!value) return false;
    result_ += value->empty() ? std::string(inner.substr(colon + 2)) : *value;
    at_ = end + 1;
    return true;
  }

  /// "$((i+1))", "$(( $i + 1 ))"
  bool arithmetic() {
    const std::size_t end = text_.find("))", at_);
    if (end == std::string_view::npos) return false;
    std::string inner = text::replaced(std::string(text_.substr(at_ + 3, end - at_ - 3)), "$", "");
    std::erase(inner, ' ');
    const auto plus = inner.find('+');
    const auto first = lookup_(inner.substr(0, plus));
    if (!first || plus == std::string::npos) return false;
    const auto left = text::leading_number<int>(first->empty() ? "0" : *first, 10);
    const auto right = text::leading_number<int>(inner.substr(plus + 1), 10);
    if (!left || !right) return false;
    result_ += std::to_string(*left + *right);
    at_ = end + 2;
    return true;
  }

  bool put(const std::string &name, std::size_t end) {
    const auto value = lookup_(name);
    if (!value) return false;
    result_ += *value;
    at_ = end;
    return true;
  }

  std::string_view text_;
  const ShellLookup &lookup_;
  std::size_t at_ = 0;
  bool in_quotes_ = false;
  std::string result_;
};

/// Splits a list of commands into words.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::vector<ShellCommand> run() {
    while (at_ < text_.size()) step();
    end_command(false);
    return std::move(commands_);
  }

 private:
  void step() {
    const char c = text_[at_];
    if (c == '\'' || c == '"') {
      quoted(c);
    } else if (c == '\\' && at_ + 1 < text_.size()) {
      if (text_[at_ + 1] == '\n') {
        end_word();
      } else {
        add(text_[at_ + 1]);
      }
      at_ += 2;
    } else if (c == ' ' || c == '\t' || c == '(' || c == ')') {
      end_word();
      ++at_;
    } else if (c == ';' || c == '\n') {
      end_command(false);
      ++at_;
    } else if (text_.substr(at_).starts_with("&&")) {
      end_command(true);
      at_ += 2;
    } else {
      if (std::string_view("|&<>*?`$").find(c) != std::string_view::npos) command_.plain = false;
      add(c);
      ++at_;
    }
  }

  void quoted(char mark) {
    has_word_ = true;
    for (++at_; at_ < text_.size() && text_[at_] != mark; ++at_) {
      if (mark == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      word_ += text_[at_];
    }
    ++at_;
  }

  void add(char c) {
    has_word_ = true;
    word_ += c;
  }

  void end_word() {
    if (!has_word_) return;
    const auto equals = word_.find('=');
    const bool sets =
        command_.words.empty() && equals != std::string::npos && equals > 0 &&
        std::all_of(word_.begin(), word_.begin() + static_cast<std::ptrdiff_t>(equals), is_shell_name_char);
    if (sets) {
      command_.environment[word_.substr(0, equals)] = word_.substr(equals + 1);
    } else {
      command_.words.push_back(word_);
    }
    word_.clear();
    has_word_ = false;
  }

  void end_command(bool next_needs_success) {
    end_word();
    if (!command_.words.empty()) commands_.push_back(std::move(command_));
    command_ = {};
    command_.after_success = next_needs_success;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string word_;
  bool has_word_ = false;
  ShellCommand command_;
  std::vector<ShellCommand> commands_;
};

}  // namespace

ShellValue filled_in(std::string_view text, const ShellLookup &lookup) {
  return Filler(text, lookup).run();
}

std::string unquoted(std::string_view text) {
  std::string result;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      const char next = text[++i];
      if (quote == '"' && std::string_view("$`\"\\\n").find(next) == std::string_view::npos) result += c;
      if (next != '\n') result += next;
    } else {
      result += c;
    }
  }
  return result;
}

std::vector<ShellCommand> shell_commands(std::string_view text) {
  return Splitter(text).run();
}

}  // namespace kmodtest::kernel
