// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The devices that a guest can have besides those that kmodtest needs itself.
namespace kmodtest::base {

struct GuestDevice {
  enum class Bus { pci, network, usb, scsi, sata, sound, shared_memory };
  std::string_view name;  ///< in a plan; QEMU's own but for those in model()
  Bus bus = Bus::pci;
  bool is_disk = false;
  bool is_saved = true;  ///< QEMU saves its registers with the guest

  constexpr bool has_size() const { return is_disk || bus == Bus::shared_memory; }

  /// Returns the name that QEMU has for it.
  constexpr std::string_view model() const {
    if (name == "virtio-net") return "virtio-net-pci";
    return name == "virtio-blk" ? "virtio-blk-pci" : name;
  }
};

inline constexpr std::array<GuestDevice, 20> kGuestDevices{{
    {.name = "edu", .is_saved = false},
    {.name = "pci-testdev", .is_saved = false},
    {.name = "i6300esb"},
    {.name = "virtio-net", .bus = GuestDevice::Bus::network},
    {.name = "e1000", .bus = GuestDevice::Bus::network},
    {.name = "e1000e", .bus = GuestDevice::Bus::network},
    {.name = "igb", .bus = GuestDevice::Bus::network},
    {.name = "rtl8139", .bus = GuestDevice::Bus::network},
    {.name = "virtio-blk", .is_disk = true},
    {.name = "nvme", .is_disk = true, .is_saved = false},
    {.name = "scsi-hd", .bus = GuestDevice::Bus::scsi, .is_disk = true},
    {.name = "ide-hd", .bus = GuestDevice::Bus::sata, .is_disk = true},
    {.name = "usb-storage", .bus = GuestDevice::Bus::usb, .is_disk = true},
    {.name = "usb-serial", .bus = GuestDevice::Bus::usb, .is_saved = false},
    {.name = "usb-kbd", .bus = GuestDevice::Bus::usb},
    {.name = "usb-mouse", .bus = GuestDevice::Bus::usb},
    {.name = "usb-tablet", .bus = GuestDevice::Bus::usb},
    {.name = "AC97", .bus = GuestDevice::Bus::sound},
    {.name = "intel-hda", .bus = GuestDevice::Bus::sound},
    {.name = "ivshmem-plain", .bus = GuestDevice::Bus::shared_memory},
}};

/// A device of one guest.
struct ChosenDevice {
  std::string name;         ///< of kGuestDevices
  std::uint64_t bytes = 0;  ///< 0: it has no size
  bool operator==(const ChosenDevice &) const = default;
  template <class Visitor>
  void fields(Visitor &v) {
    v(name, bytes);
  }
};

// Of a device whose size the plan does not say.
inline constexpr std::uint64_t kDiskBytes = 64u << 20;
inline constexpr std::uint64_t kSharedMemoryBytes = 1u << 20;

inline constexpr std::size_t kMostGuestDevices = 8;
/// The slots of PCI bus 0 from which on a guest's devices are, in the order of the plan.
inline constexpr int kFirstDeviceSlot = 0x11;
/// The slots of what USB devices and SCSI disks are connected to.
inline constexpr int kUsbSlot = kFirstDeviceSlot + static_cast<int>(kMostGuestDevices);
inline constexpr int kScsiSlot = kUsbSlot + 1;

/// Returns the device with this name; nullptr if there is none.
constexpr const GuestDevice *find_guest_device(std::string_view name) {
  for (const GuestDevice &device : kGuestDevices) {
    if (device.name == name) return &device;
  }
  return nullptr;
}

constexpr bool is_disk(const ChosenDevice &chosen) {
  const GuestDevice *device = find_guest_device(chosen.name);
  return device != nullptr && device->is_disk;
}

}  // namespace kmodtest::base
