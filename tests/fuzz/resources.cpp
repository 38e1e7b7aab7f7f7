// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's files about devices, vmalloc, timers and memory: the whole input as each of the files. For /proc/meminfo
// and /proc/zoneinfo, a line "==" separates the first from the second.
#include "shared/resources.hpp"

#include <set>
#include <string>

#include "property.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace kmodtest;
  const std::string_view text = fuzz::as_text(data, size);
  for (const auto &major : shared::parse_majors(text)) fuzz::require(!major.name.empty(), "a device has a name");
  (void)shared::parse_vmalloc(text);
  std::set<std::uint64_t> armed;
  for (const auto &timer : shared::parse_timer_trace(text))
    fuzz::require(armed.insert(timer.address).second, "a timer is armed once");
  for (const auto &cache : shared::parse_slabinfo(text)) fuzz::require(!cache.name.empty(), "a cache has a name");
  const std::size_t between = text.find("==\n");
  const std::string_view zones = between == std::string_view::npos ? std::string_view{} : text.substr(between + 3);
  (void)shared::parse_meminfo(text.substr(0, between), zones);
  return 0;
}
