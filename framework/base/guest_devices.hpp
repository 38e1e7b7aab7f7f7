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
  std::string_view what = {};

  /// Returns the name that QEMU has for it.
  constexpr std::string_view model() const { return name == "virtio-net" ? "virtio-net-pci" : name; }
};

inline constexpr std::array<GuestDevice, 11> kGuestDevices{{
    {"edu", GuestDevice::Bus::pci, false, "the PCI card for teaching: registers, an interrupt, DMA"},
    {"pci-testdev", GuestDevice::Bus::pci, false, "a PCI card with memory and I/O ports"},
    {"i6300esb", GuestDevice::Bus::pci, true, "a watchdog"},
    {"virtio-net", GuestDevice::Bus::network, true, "a network card"},
    {"e1000", GuestDevice::Bus::network, true, "a network card"},
    {"e1000e", GuestDevice::Bus::network, true, "a network card"},
    {"igb", GuestDevice::Bus::network, true, "a network card with SR-IOV"},
    {"rtl8139", GuestDevice::Bus::network, true, "a network card"},
    {"usb-kbd", GuestDevice::Bus::usb, true, "a keyboard, with an xHCI controller"},
    {"usb-mouse", GuestDevice::Bus::usb, true, "a mouse, with an xHCI controller"},
    {"usb-tablet", GuestDevice::Bus::usb, true, "a tablet, with an xHCI controller"},
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
