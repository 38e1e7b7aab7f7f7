// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/guest_devices.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <optional>

#include "base/guest_limits.hpp"

namespace kmodtest::plan {
namespace {

constexpr std::uint64_t kLargestDisk = std::uint64_t{1} << 40;
constexpr std::uint64_t kMostSharedMemory = 64 * base::kMiB;
constexpr std::ptrdiff_t kMostSataDisks = 6;  // as many as the machine has ports

std::optional<base::ChosenDevice> read_device(const Node &node, Scope &scope) {
  if (!is_text_or_map(node, "a device", scope)) return std::nullopt;
  const Node wrapped = as_map(node, "device");
  MapReader reader(wrapped, devices_table(), scope);
  const auto name = reader.choice("device");
  const auto bytes = reader.size("size");
  if (!name || (reader.has("size") && !bytes)) return std::nullopt;
  const base::GuestDevice &device = *base::find_guest_device(*name);
  const bool shares = device.bus == base::GuestDevice::Bus::shared_memory;
  if (bytes && !device.has_size()) {
    reader.error(Code::bad_size, "size", fmt::format("{} has no size", *name));
  } else if (bytes && shares && (!std::has_single_bit(*bytes) || *bytes < base::kMiB || *bytes > kMostSharedMemory)) {
    reader.error(Code::bad_size, "size", "the memory of ivshmem-plain is a power of two, 1M to 64M");
  } else if (bytes && !shares && (*bytes % base::kMiB != 0 || *bytes == 0 || *bytes > kLargestDisk)) {
    reader.error(Code::bad_size, "size", "a disk has 1M to 1T, in whole MiB");
  } else {
    const std::uint64_t usual = shares ? base::kSharedMemoryBytes : base::kDiskBytes;
    return base::ChosenDevice{.name = *name, .bytes = device.has_size() ? bytes.value_or(usual) : 0};
  }
  return std::nullopt;
}

std::ptrdiff_t count_sata_disks(const std::vector<base::ChosenDevice> &devices) {
  return std::count_if(devices.begin(), devices.end(), [](const auto &chosen) {
    return base::find_guest_device(chosen.name)->bus == base::GuestDevice::Bus::sata;
  });
}

}  // namespace

std::vector<base::ChosenDevice> read_devices(MapReader &reader, const Node &guest, Scope &scope) {
  std::vector<base::ChosenDevice> devices;
  if (!reader.has("devices")) return devices;
  for (const Node *item : one_or_each(*guest.find("devices"))) {
    if (auto device = read_device(*item, scope)) devices.push_back(std::move(*device));
  }
  if (devices.size() > base::kMostGuestDevices)
    reader.error(Code::out_of_range, "devices",
                 fmt::format("a guest has at most {} devices of its own", base::kMostGuestDevices));
  else if (count_sata_disks(devices) > kMostSataDisks)
    reader.error(Code::out_of_range, "devices", fmt::format("a guest has at most {} disks ide-hd", kMostSataDisks));
  return devices;
}

}  // namespace kmodtest::plan
