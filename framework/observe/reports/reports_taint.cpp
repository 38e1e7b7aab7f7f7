// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>

#include "observe/reports/reports.hpp"
#include "text/number.hpp"

namespace kmodtest::observe {
namespace {

struct TaintBit {
  char letter;
  const char *meaning;
};

// By bit number (kernel: Documentation/admin-guide/tainted-kernels.rst).
constexpr std::array<TaintBit, 20> kTaintBits = {{
    {'P', "a proprietary module was loaded"},
    {'F', "a module was loaded by force"},
    {'S', "the processor is out of specification"},
    {'R', "a module was unloaded by force"},
    {'M', "the processor reported a machine check"},
    {'B', "a page was in a bad state"},
    {'U', "user space asked for the taint"},
    {'D', "the kernel died (oops or BUG)"},
    {'A', "an ACPI table was overridden"},
    {'W', "the kernel issued a warning"},
    {'C', "a staging driver was loaded"},
    {'I', "the firmware's bug was worked around"},
    {'O', "an out-of-tree module was loaded"},
    {'E', "an unsigned module was loaded"},
    {'L', "a soft lockup occurred"},
    {'K', "the kernel was live patched"},
    {'X', "the distribution's own taint"},
    {'T', "structures were laid out at random"},
    {'N', "an in-kernel test was run"},
    {'J', "a device's firmware was changed through fwctl"},
}};

/// A refusal of the module loader: a line with the second part somewhere after the first.
struct Refusal {
  std::string_view text, also;
};

// kernel: kernel/module/main.c, version.c, signing.c; kernel/params.c
constexpr Refusal kRefusals[] = {
    {": version magic '", "should be '"},
    {": Unknown symbol ", ""},
    {": disagrees about version of symbol ", ""},
    {": no symbol version for ", ""},
    {"nvalid module format", ""},
    {"Invalid ELF", ""},
    {"Loading of ", " is rejected"},
    {"ey was rejected", ""},
    {"ey is rejected", ""},
    {"not signed with a trusted key", ""},
    {"' invalid for parameter `", ""},
    {": exports duplicate symbol ", ""},
    {".gnu.linkonce.this_module section size must match", ""},
    {"Module has no symbols", ""},
};

}  // namespace

std::string render_taint(std::uint64_t taint) {
  if (taint == 0) return "none";
  std::string text;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if ((taint >> bit & 1) == 0) continue;
    if (!text.empty()) text += ", ";
    if (bit < kTaintBits.size()) {
      text += std::string(1, kTaintBits[bit].letter) + " (" + kTaintBits[bit].meaning + ")";
    } else {
      text += "bit " + std::to_string(bit);
    }
  }
  return text;
}

char taint_letter(unsigned bit) {
  return bit < kTaintBits.size() ? kTaintBits[bit].letter : '?';
}

std::vector<std::string> find_refusals(const std::vector<wire::KernelLogLine> &log) {
  std::vector<std::string> lines;
  for (const auto &line : log) {
    if (line.facility != 0) continue;
    for (const auto &refusal : kRefusals) {
      const std::size_t at = line.text.find(refusal.text);
      if (at == std::string::npos || line.text.find(refusal.also, at) == std::string::npos) continue;
      lines.push_back(line.text);
      break;
    }
  }
  return lines;
}

std::vector<wire::KernelLogLine> parse_console(std::string_view console) {
  std::vector<wire::KernelLogLine> log;
  while (!console.empty()) {
    const std::size_t end = console.find('\n');
    std::string_view line = console.substr(0, end);
    console.remove_prefix(end == std::string_view::npos ? console.size() : end + 1);
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    // "[    5.140900] text", or "[    5.140900][   T12] text" with PRINTK_CALLER.
    const std::size_t bracket = line.find(']');
    if (!line.starts_with('[') || bracket == std::string_view::npos) continue;
    std::string_view stamp = line.substr(1, bracket - 1);
    while (stamp.starts_with(' ')) stamp.remove_prefix(1);
    const auto seconds = text::take_number<std::int64_t>(stamp);
    if (!seconds || stamp.size() != 7 || !stamp.starts_with('.')) continue;
    const auto micros = text::whole_number<std::int64_t>(stamp.substr(1));
    if (!micros) continue;
    line.remove_prefix(bracket + 1);
    wire::KernelLogLine record;
    record.sequence = log.size();
    record.level = 4;
    record.time = std::chrono::seconds(*seconds) + wire::Microseconds(*micros);
    if (line.starts_with('[')) {
      const std::size_t close = line.find(']');
      if (close != std::string_view::npos) {
        record.caller = line.substr(1, close - 1);
        record.caller.erase(0, record.caller.find_first_not_of(' '));
        line.remove_prefix(close + 1);
      }
    }
    record.text = line.starts_with(' ') ? line.substr(1) : line;
    log.push_back(std::move(record));
  }
  return log;
}

}  // namespace kmodtest::observe
