// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt_error.hpp"

#include <array>
#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string_view>
#include <utility>

namespace kmodtest::vm {
namespace {

// Words of libvirt's messages, and what mends them; the first that fits counts.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kHints{{
    {"no connection driver available", "install libvirt's QEMU driver: apt install libvirt-daemon-driver-qemu"},
    {"Unable to find a driver", "install libvirt's QEMU driver: apt install libvirt-daemon-driver-qemu"},
    {"libvirt_driver_qemu.so", "install libvirt's QEMU driver: apt install libvirt-daemon-driver-qemu"},
    {"Cannot check QEMU binary", "install QEMU: apt install qemu-system-x86"},
    {"Could not access KVM kernel module", "let your user open /dev/kvm (group kvm), or use TCG"},
    {"Cannot allocate memory", "run fewer guests at once, or give them less memory"},
    {"No space left on device", "free some space, or let the cache lie on another disk"},
}};

}  // namespace

void silence_libvirt() {
  virSetErrorFunc(nullptr, [](void *, virErrorPtr) {});
}

base::Error libvirt_error(const std::string &what_failed) {
  const virErrorPtr error = virGetLastError();
  std::string words = error != nullptr && error->message != nullptr ? error->message : "libvirt gave no reason";
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return base::Error(fmt::format("{}: {}", what_failed, words), hint_for(words));
}

std::string hint_for(const std::string &libvirt_message) {
  for (const auto &[words, hint] : kHints) {
    if (libvirt_message.find(words) != std::string::npos) return std::string(hint);
  }
  return {};
}

}  // namespace kmodtest::vm
