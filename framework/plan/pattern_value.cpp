// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>
#include <regex.h>
#include <string>

#include "plan/diagnostics.hpp"
#include "plan/values.hpp"

namespace kmodtest::plan {
namespace {

// regcomp(3) unfolds repeats: these bounds keep a hostile plan from using up the memory.
constexpr std::size_t kLongestExpression = 1024;
constexpr long kMostRepeats = 1000;

/// Returns the product of all upper bounds of {m,n} in the expression. It cannot unfold to more.
long repeats_unfold_to(std::string_view expression) {
  long product = 1;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    if (expression[i] == '\\') {
      ++i;
      continue;
    }
    if (expression[i] != '{') continue;
    long bound = 0, number = 0;
    for (++i; i < expression.size() && expression[i] != '}'; ++i) {
      if (std::isdigit(static_cast<unsigned char>(expression[i])) != 0)
        number = std::min(number * 10 + (expression[i] - '0'), kMostRepeats + 1);
      else
        number = 0;
      bound = std::max(bound, number);
    }
    product = std::min(product * std::max(bound, 1L), kMostRepeats + 1);
  }
  return product;
}

/// Returns the POSIX notation for a Perl class; empty if there is none.
const char *posix_for(char perl_class) {
  switch (perl_class) {
    case 'd':
      return "[0-9]";
    case 'D':
      return "[^0-9]";
    default:
      return "";
  }
}

}  // namespace

Value<wire::Pattern> parse_pattern(std::string_view text) {
  using V = Value<wire::Pattern>;
  using Kind = wire::Pattern::Kind;
  if (text.empty()) return V::bad(Code::bad_pattern, "the pattern is empty (it would match every line)");
  if (text.size() < 2 || text.front() != '/' || text.back() != '/') return V::of({Kind::literal, std::string(text)});
  const std::string expression(text.substr(1, text.size() - 2));
  if (expression.empty())
    return V::bad(Code::bad_pattern, "the regular expression '//' is empty (it would match every line)");
  if (expression.size() > kLongestExpression)
    return V::bad(Code::bad_pattern,
                  fmt::format("the regular expression has more than {} characters", kLongestExpression));
  for (std::size_t i = 0; i + 1 < expression.size(); ++i) {
    if (expression[i] != '\\') continue;
    ++i;
    if (const std::string posix = posix_for(expression[i]); !posix.empty())
      return V::bad(Code::bad_pattern,
                    fmt::format("the regular expression {} has '\\{}', which POSIX does not know (write {})",
                                quote(text), expression[i], posix));
  }
  if (repeats_unfold_to(expression) > kMostRepeats)
    return V::bad(Code::bad_pattern,
                  fmt::format("the regular expression {} repeats too much (all {{m,n}} multiplied: at most {})",
                              quote(text), kMostRepeats));
  regex_t compiled;
  const int error = regcomp(&compiled, expression.c_str(), REG_EXTENDED | REG_NOSUB);
  if (error != 0) {
    std::array<char, 128> words{};
    regerror(error, &compiled, words.data(), words.size());
    return V::bad(Code::bad_pattern,
                  fmt::format("{} is not a POSIX extended regular expression: {}", quote(text), words.data()));
  }
  regfree(&compiled);
  return V::of({Kind::regex, expression});
}

}  // namespace kmodtest::plan
