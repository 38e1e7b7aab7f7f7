// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/finding.hpp"

#include <algorithm>

namespace kmodtest::judge {

Evidence evidence_of(const CaseView &view, std::size_t case_index) {
  const auto &step = view.test_case.steps[case_index];
  Evidence evidence;
  evidence.step = case_index;
  evidence.where = step.where;
  evidence.source = step.source;
  return evidence;
}

std::vector<std::string> last_lines(std::string_view text, std::size_t count) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return lines;
}

}  // namespace kmodtest::judge
