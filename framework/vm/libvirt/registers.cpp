// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt/registers.hpp"

#include <algorithm>
#include <optional>

#include "text/number.hpp"

namespace kmodtest::vm {
namespace {

std::string_view next_line(std::string_view &text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Returns the number after KEY, which begins a line or follows a space.
template <class Number = std::uint64_t>
std::optional<Number> number_after(std::string_view line, std::string_view key, int base) {
  for (std::size_t at = line.find(key); at != std::string_view::npos; at = line.find(key, at + 1)) {
    if (at > 0 && line[at - 1] != ' ') continue;
    if (const auto value = text::leading_number<Number>(line.substr(at + key.size()), base)) return value;
  }
  return std::nullopt;
}

void take(std::string_view line, CpuRegisters &cpu, bool &has_rip) {
  const auto hex = [line](std::string_view key, std::uint64_t &to) {
    const auto value = number_after(line, key, 16);
    if (value) to = *value;
    return value.has_value();
  };
  hex("RSP=", cpu.rsp);
  hex("RFL=", cpu.rflags);
  hex("CR2=", cpu.cr2);
  hex("CR3=", cpu.cr3);
  if (hex("RIP=", cpu.rip)) has_rip = true;
  if (const auto ring = number_after<int>(line, "CPL=", 10)) cpu.ring = *ring;
  if (const auto halted = number_after(line, "HLT=", 10)) cpu.halted = *halted != 0;
  // "GS =0000 ffff88800f600000 ffffffff 00c00100": selector, base, limit, flags.
  if (line.starts_with("GS =") && line.size() > 9) {
    cpu.gs_base = text::leading_number<std::uint64_t>(line.substr(9), 16).value_or(cpu.gs_base);
  }
  const bool general = line.starts_with('R') && line.find('=') != std::string_view::npos;
  if (general) cpu.text.append(line).append("\n");
}

}  // namespace

std::vector<CpuRegisters> parse_registers(std::string_view answer) {
  std::vector<CpuRegisters> cpus;
  bool has_rip = true;
  const auto drop_if_empty = [&] {
    if (!cpus.empty() && !has_rip) cpus.pop_back();
  };
  while (!answer.empty()) {
    const std::string_view line = next_line(answer);
    if (const auto number = number_after<int>(line, "CPU#", 10); number && *number >= 0) {
      drop_if_empty();
      cpus.emplace_back().cpu = *number;
      has_rip = false;
    } else if (!cpus.empty()) {
      take(line, cpus.back(), has_rip);
    }
  }
  drop_if_empty();
  return cpus;
}

}  // namespace kmodtest::vm
