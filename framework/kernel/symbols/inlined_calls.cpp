// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/inlined_calls.hpp"

#include <algorithm>
#include <cstdlib>
#include <dwarf.h>
#include <memory>
#include <optional>
#include <string_view>

#include "text/replace.hpp"

namespace kmodtest::kernel {
namespace {

constexpr int kDeepestScope = 64;
constexpr std::size_t kMostLinesAround = 6;  ///< of a statement, to each side

struct FreeScopes {
  void operator()(Dwarf_Die *scopes) const { std::free(scopes); }
};

std::string name_of_call(Dwarf_Die &die) {
  Dwarf_Attribute attribute;
  const char *name = dwarf_formstring(dwarf_attr_integrate(&die, DW_AT_name, &attribute));
  return name == nullptr ? std::string() : name;
}

int line_of_call(Dwarf_Die &die) {
  Dwarf_Attribute attribute;
  Dwarf_Word line = 0;
  return dwarf_formudata(dwarf_attr(&die, DW_AT_call_line, &attribute), &line) == 0 ? static_cast<int>(line) : 0;
}

/// Adds what is inlined below a scope. `call`: the place of the outermost call that contains the scope; nothing: none.
/// The compiler can inline a part of `function` into the rest of it: that is not a call.
void add_calls(Dwarf_Die &scope, const std::string &function, std::optional<std::size_t> call, int depth,
               std::vector<InlinedCall> &calls) {
  Dwarf_Die child;
  if (depth > kDeepestScope || dwarf_child(&scope, &child) != 0) return;
  do {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_lexical_block) add_calls(child, function, call, depth + 1, calls);
    if (tag != DW_TAG_inlined_subroutine) continue;
    if (!call && name_of_call(child) == function) {
      add_calls(child, function, call, depth + 1, calls);
      continue;
    }
    if (!call) calls.push_back({.line = line_of_call(child), .names = {}});
    const std::size_t into = call.value_or(calls.size() - 1);
    calls[into].names.push_back(name_of_call(child));
    add_calls(child, function, into, depth + 1, calls);
  } while (dwarf_siblingof(&child, &child) == 0);
}

/// Returns a line without its comments and blanks, as far as they are on this line.
std::string_view code_of(std::string_view line) {
  line = line.substr(0, line.find("//"));
  const std::size_t comment = line.find("/*");
  if (comment != std::string_view::npos && line.find("*/", comment) != std::string_view::npos)
    line = line.substr(0, comment);
  const std::size_t end = line.find_last_not_of(" \t");
  return end == std::string_view::npos ? std::string_view() : line.substr(0, end + 1);
}

bool ends_statement(std::string_view line) {
  const std::string_view code = code_of(line);
  return code.empty() || code.ends_with(';') || code.ends_with('{') || code.ends_with('}') || code.ends_with(':') ||
         code.starts_with('#') || code.ends_with("*/");
}

}  // namespace

std::vector<InlinedCall> inlined_calls(Dwarf_Die &unit, Dwarf_Addr address) {
  std::vector<InlinedCall> calls;
  Dwarf_Die *raw = nullptr;
  if (dwarf_getscopes(&unit, address, &raw) <= 0) return calls;
  const std::unique_ptr<Dwarf_Die, FreeScopes> innermost(raw);
  // For an address, an inlined function's scopes continue where it was written; for its entry, where it was inlined.
  raw = nullptr;
  const int count = dwarf_getscopes_die(innermost.get(), &raw);
  const std::unique_ptr<Dwarf_Die, FreeScopes> scopes(raw);
  for (int i = 0; i < count; ++i) {
    Dwarf_Die &scope = scopes.get()[i];
    if (dwarf_tag(&scope) == DW_TAG_subprogram) add_calls(scope, name_of_call(scope), std::nullopt, 0, calls);
  }
  return calls;
}

std::string statement_at(const std::vector<std::string> &lines, std::size_t number) {
  if (number == 0 || number > lines.size()) return {};
  std::size_t first = number - 1, last = number - 1;
  while (first > 0 && number - 1 - first < kMostLinesAround && !ends_statement(lines[first - 1])) --first;
  while (last + 1 < lines.size() && last - (number - 1) < kMostLinesAround && !ends_statement(lines[last])) ++last;
  std::string text;
  for (std::size_t i = first; i <= last; ++i) {
    if (!text.empty()) text += ' ';
    text += text::trimmed(lines[i]);
  }
  return text;
}

}  // namespace kmodtest::kernel
