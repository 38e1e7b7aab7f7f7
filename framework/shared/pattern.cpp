// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/pattern.hpp"

#include <fnmatch.h>
#include <regex.h>

namespace kmodtest::shared {

struct Matcher::Compiled {
  regex_t expression;
  bool usable = false;

  Compiled() = default;
  Compiled(const Compiled &) = delete;
  Compiled &operator=(const Compiled &) = delete;
  ~Compiled() {
    if (usable) regfree(&expression);
  }
};

Matcher::Matcher(const wire::Pattern &pattern) {
  if (pattern.kind == wire::Pattern::Kind::literal) {
    literal_ = pattern.text;
    return;
  }
  auto compiled = std::make_shared<Compiled>();
  const int status = regcomp(&compiled->expression, pattern.text.c_str(), REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
  if (status != 0) {
    char words[160] = "";
    regerror(status, &compiled->expression, words, sizeof words);
    error_ = words;
    return;
  }
  compiled->usable = true;
  compiled_ = std::move(compiled);
}

bool Matcher::matches(std::string_view text) const {
  if (!error_.empty()) return false;
  if (!compiled_) return text.find(literal_) != std::string_view::npos;
  // REG_STARTEND, because a view has no terminating zero and a content can contain zeros.
  regmatch_t range;
  range.rm_so = 0;
  range.rm_eo = static_cast<regoff_t>(text.size());
  return regexec(&compiled_->expression, text.empty() ? "" : text.data(), 1, &range, REG_STARTEND) == 0;
}

bool glob_matches(const std::string &pattern, const std::string &name, std::size_t cut_to) {
  if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0) return true;
  if (cut_to == 0 || pattern.size() <= cut_to) return false;
  return fnmatch(pattern.substr(0, cut_to).c_str(), name.c_str(), 0) == 0;
}

std::string render_pattern(const wire::Pattern &pattern) {
  const char quote = pattern.kind == wire::Pattern::Kind::literal ? '\'' : '/';
  return quote + pattern.text + quote;
}

}  // namespace kmodtest::shared
