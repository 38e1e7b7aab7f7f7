// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

/// The devices that a guest can have besides those that kmodtest needs itself.
namespace kmodtest::base {

struct GuestDevice {
  enum class Bus { pci, network, usb };
  std::string_view name;  ///< in a plan; with `virtio-net` as the only exception QEMU's own name
  Bus bus = Bus::pci;
  bool is_saved = true;  ///< QEMU saves its registers with the guest

  /// Returns the name that QEMU has for it.
  constexpr std::string_view model() const { return name == "virtio-net" ? "virtio-net-pci" : name; }
};

inline constexpr std::array<GuestDevice, 11> kGuestDevices{{
    {"edu", GuestDevice::Bus::pci, false},
    {"pci-testdev", GuestDevice::Bus::pci, false},
    {"i6300esb", GuestDevice::Bus::pci, true},
    {"virtio-net", GuestDevice::Bus::network, true},
    {"e1000", GuestDevice::Bus::network, true},
    {"e1000e", GuestDevice::Bus::network, true},
    {"igb", GuestDevice::Bus::network, true},
    {"rtl8139", GuestDevice::Bus::network, true},
    {"usb-kbd", GuestDevice::Bus::usb, true},
    {"usb-mouse", GuestDevice::Bus::usb, true},
    {"usb-tablet", GuestDevice::Bus::usb, true},
}};

inline constexpr std::size_t kMostGuestDevices = 8;
/// The slots of PCI bus 0 from which on a guest's devices are, in the order of the plan.
inline constexpr int kFirstDeviceSlot = 0x11;

/// Returns the device with this name; nullptr if there is none.
constexpr const GuestDevice *find_guest_device(std::string_view name) {
  for (const GuestDevice &device : kGuestDevices) {
    if (device.name == name) return &device;
  }
  return nullptr;
}

}  // namespace kmodtest::base
