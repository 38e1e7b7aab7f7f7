// SPDX-License-Identifier: GPL-2.0-or-later
// Files of /proc: the whole input as a stat line, a line of /proc/modules and a CPU list; the text after the first
// newline also as the status file.
#include "shared/procfs.hpp"

#include <set>
#include <string>

#include "property.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace kmodtest;
  const std::string_view text = fuzz::as_text(data, size);
  const std::size_t newline = text.find('\n');
  const std::string_view first = text.substr(0, newline);
  const std::string_view rest = newline == std::string_view::npos ? std::string_view{} : text.substr(newline + 1);

  if (const auto thread = shared::parse_thread(first, rest, "", "")) (void)shared::render_ps({*thread});
  if (const auto thread = shared::parse_thread(first, rest, rest, rest)) (void)shared::render_ps({*thread});
  if (const auto module = shared::parse_module_line(first)) {
    fuzz::require(!module->name.empty(), "a module has a name");
    (void)shared::render_lsmod({*module});
  }
  if (const auto cpus = shared::parse_cpu_list(first)) {
    fuzz::require(std::set<int>(cpus->begin(), cpus->end()).size() == cpus->size(), "each CPU stands once in a list");
    const std::string shortest = shared::format_cpu_list(*cpus);
    fuzz::require(shared::parse_cpu_list(shortest) == cpus, "a CPU list survives being formatted");
    fuzz::require(shared::same_cpus(first, shortest), "a CPU list names the CPUs of its shortest form");
  }
  return 0;
}
