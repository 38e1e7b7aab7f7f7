// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <string>
#include <string_view>

#include "base/embedded.hpp"
#include "plan/plan.hpp"
#include "plan/vocabulary.hpp"

namespace kmodtest::plan {

/// The files of reference/ (CMakeLists.txt).
base::EmbeddedFiles reference_files();

namespace {

/// Returns the prose of one file of reference/, up to the text that follows it.
std::string prose(std::string_view file) {
  return std::string(base::embedded_text(reference_files(), file)) + "\n";
}

/// Escapes a text for a cell of a table: '|' would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string default_of(const Key &key) {
  if (key.required) return "(required)";
  return key.fallback.empty() ? "–" : cell(key.fallback);
}

std::string table_text(const Table &table) {
  std::string out = "| Key | Value | Default | Meaning | Example |\n|---|---|---|---|---|\n";
  for (const Key &key : table.keys)
    out += fmt::format("| `{}` | {} | {} | {} | `{}` |\n", key.name, cell(type_phrase(key)), default_of(key),
                       cell(key.description), cell(key.example));
  return out + "\n";
}

std::string short_form(const StepKind &kind) {
  if (kind.short_only) return fmt::format("It takes nothing but {}.", type_phrase(*kind.table->find(kind.short_key)));
  std::string out;
  if (kind.bare) out += fmt::format("`{}` alone is enough. ", kind.name);
  if (!kind.short_key.empty())
    out += fmt::format("`{}: X` is short for `{}: {{{}: X}}`.", kind.name, kind.name, kind.short_key);
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string step_text(const StepKind &kind) {
  std::string out = fmt::format("### `{}`\n\n{}", kind.name, kind.summary);
  if (const std::string form = short_form(kind); !form.empty()) out += " " + form;
  out += fmt::format("\n\n```yaml\n- {}\n```\n\n", kind.example);
  if (kind.short_only) return out;
  out += table_text(*kind.table);
  for (const Key &key : kind.table->keys)
    if (key.table != nullptr && key.name != "stderr")
      out += fmt::format("Keys of {}:\n\n{}",
                         key.type == Type::text_condition ? "`stdout` and `stderr`" : "`" + key.name + "`",
                         table_text(*key.table));
  return out;
}

}  // namespace

std::string reference_markdown() {
  std::string out = prose("introduction.md");
  out += "## Keys of a plan\n\n" + table_text(plan_table());
  out += prose("module.md");
  out += table_text(module_table());
  out += prose("files.md");
  out += table_text(files_table());
  out += "### `guest`\n\n" + table_text(guest_table());
  out += "Each node of `numa`, where it is a list:\n\n" + table_text(numa_table());
  out += "Each of `devices`, where it is a map:\n\n" + table_text(devices_table());
  out += prose("matrix.md");
  out += "### `checks`\n\n" + table_text(checks_table());
  out += prose("expect.md");
  out += table_text(expect_table());
  out += prose("fail.md");
  out += table_text(fail_table());
  out += prose("steps.md") + table_text(step_table());
  for (const StepKind &kind : step_kinds()) out += step_text(kind);
  out += prose("values.md");
  out += base::embedded_text(reference_files(), "meaning.md");
  return out;
}

}  // namespace kmodtest::plan
