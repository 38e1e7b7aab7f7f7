// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/kmemleak.hpp"

#include <optional>

#include "observe/reports/reports_catalogue.hpp"
#include "text/lines.hpp"
#include "text/number.hpp"
#include "text/replace.hpp"

namespace kmodtest::observe {
namespace {

/// Reads "unreferenced object 0xffff888004c6e000 (size 128):".
std::optional<std::uint64_t> bytes_of(std::string_view line) {
  constexpr std::string_view kSize = " (size ";
  if (!line.starts_with("unreferenced object ")) return std::nullopt;
  const std::size_t at = line.find(kSize);
  if (at == std::string_view::npos) return std::nullopt;
  return text::leading_number<std::uint64_t>(line.substr(at + kSize.size()));
}

/// Reads the part behind the (hidden) address: "[<00000000fc8b4a3c>] kmalloc_trace+0x26/0xc0",
/// "[<000000004a5a1e8c>] 0xffffffffc020d01c".
std::optional<UnreferencedObject::Frame> kmemleak_frame(std::string_view line) {
  const std::size_t end = line.find("] ");
  if (!line.starts_with('[') || end == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(end + 2);
  UnreferencedObject::Frame frame;
  if (const auto found = parse_frame(rest)) {
    frame.place = found->place;
    frame.module = found->module;
    return frame;
  }
  if (!rest.starts_with("0x")) return std::nullopt;
  const auto address = text::whole_number<std::uint64_t>(rest.substr(2), 16);
  if (!address) return std::nullopt;
  frame.address = *address;
  return frame;
}

/// Reads `  comm "insmod", pid 87, jiffies 4294892345 (age 10.004s)`.
std::string task_of(std::string_view line) {
  constexpr std::string_view kComm = "comm \"";
  if (!line.starts_with(kComm)) return {};
  line.remove_prefix(kComm.size());
  return std::string(line.substr(0, line.find("\", pid ")));
}

}  // namespace

std::vector<UnreferencedObject> parse_kmemleak(std::string_view text) {
  std::vector<UnreferencedObject> objects;
  UnreferencedObject *object = nullptr;
  for (const std::string &line : text::lines_of(std::string(text))) {
    if (const auto bytes = bytes_of(line)) {
      object = &objects.emplace_back();
      object->bytes = *bytes;
    } else if (!line.starts_with(' ')) {
      object = nullptr;
    }
    if (object == nullptr) continue;
    object->lines.push_back(line);
    const std::string_view words = text::trimmed(line);
    if (const std::string task = task_of(words); !task.empty()) object->task = task;
    if (auto frame = kmemleak_frame(words)) object->frames.push_back(std::move(*frame));
  }
  std::erase_if(objects, [](const UnreferencedObject &one) { return one.frames.empty(); });
  return objects;
}

}  // namespace kmodtest::observe
