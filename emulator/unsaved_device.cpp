// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/unsaved_device.hpp"

#include <array>
#include <cstring>

namespace kmodtest::emulator {

namespace {

struct Unsaved {
  const char *path;  ///< of the first one in a guest, as its domain names it
  const char *name;  ///< of QEMU's table
};
constexpr std::array<Unsaved, 2> kUnsaved{
    {{"/machine/peripheral/kmodtest-nvme", "nvme"}, {"/machine/peripheral/kmodtest-usb-serial", "usb-serial"}}};

}  // namespace

bool save_without_registers(StateDescription &device, const char *name, const StateField *no_fields) {
  const bool expected =
      device.name != nullptr && std::strcmp(device.name, name) == 0 && device.unmigratable && device.fields == nullptr;
  if (!expected || !make_writable(&device, sizeof device)) return false;
  device.unmigratable = false;
  device.fields = no_fields;
  return true;
}

void save_without_registers(const Qemu &qemu) {
  void *(*resolve)(const char *path, bool *ambiguous) = nullptr;
  StateDescription *(*state_of)(void *device) = nullptr;
  if (!look_up(resolve, "object_resolve_path") || !look_up(state_of, "qdev_get_vmsd")) return;
  for (const Unsaved &one : kUnsaved) {
    void *device = resolve(one.path, nullptr);
    StateDescription *state = device == nullptr ? nullptr : state_of(device);
    if (state != nullptr) save_without_registers(*state, one.name, qemu.no_fields);
  }
}

}  // namespace kmodtest::emulator
