// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstddef>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <vector>

#include "judge/steps/reading.hpp"
#include "shared/procfs.hpp"

namespace kmodtest::judge {

Reading read(const StepView &view, const wire::SetCpus &wanted) {
  const auto set = view.of<wire::CpusSet>();
  const auto offline = shared::parse_cpu_list(wanted.offline), online = shared::parse_cpu_list(wanted.online);
  if (!offline || !online) return reading_unknown("the list of CPUs is malformed");
  std::vector<std::pair<int, bool>> due;
  for (const int cpu : *offline) due.emplace_back(cpu, false);
  for (const int cpu : *online) due.emplace_back(cpu, true);
  for (std::size_t i = 0; i < due.size(); ++i) {
    const std::string what = fmt::format("putting CPU {} {}", due[i].first, due[i].second ? "online" : "offline");
    if (i >= set.size() || set[i]->cpu != due[i].first || set[i]->online != due[i].second) {
      return reading_unknown(what + " did not come back");
    }
    if (set[i]->error == 0) continue;
    Reading reading = reading_broken(what + " gave " + errno_words(set[i]->error));
    reading.expected = errno_words(0);
    reading.seen = errno_words(set[i]->error);
    if (due[i].first == 0) reading.hint = "most kernels cannot put CPU 0 offline";
    return reading;
  }
  return reading_held();
}

}  // namespace kmodtest::judge
