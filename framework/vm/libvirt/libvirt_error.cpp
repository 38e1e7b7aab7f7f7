// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt/libvirt_error.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string_view>
#include <utility>

namespace kmodtest::vm {
namespace {

struct Remedy {
  std::string_view words;
  base::Code code;
  std::string_view hint;
};

// Parts of libvirt's messages, and how to fix the cause; the first match counts.
constexpr std::array<Remedy, 7> kHints{{
    {"no connection driver available", base::Code::no_libvirt_driver,
     "install libvirt's QEMU driver: apt install libvirt-daemon-driver-qemu"},
    {"Unable to find a driver", base::Code::no_libvirt_driver,
     "install libvirt's QEMU driver: apt install libvirt-daemon-driver-qemu"},
    {"libvirt_driver_qemu.so", base::Code::no_libvirt_driver,
     "install libvirt's QEMU driver: apt install libvirt-daemon-driver-qemu"},
    {"Cannot check QEMU binary", base::Code::no_qemu, "install QEMU: apt install qemu-system-x86"},
    {"Could not access KVM kernel module", base::Code::kvm_not_allowed,
     "give your user access to /dev/kvm (group kvm), or use TCG"},
    {"Cannot allocate memory", base::Code::no_memory_for_guest, "run fewer guests at once, or give them less memory"},
    {"No space left on device", base::Code::disk_full, "free some space, or move the cache to another disk"},
}};

const Remedy *remedy_for(const std::string &libvirt_message) {
  const auto fits = [&](const Remedy &one) { return libvirt_message.find(one.words) != std::string::npos; };
  const auto found = std::find_if(kHints.begin(), kHints.end(), fits);
  return found == kHints.end() ? nullptr : &*found;
}

}  // namespace

void silence_libvirt() {
  virSetErrorFunc(nullptr, [](void *, virErrorPtr) {});
}

base::Error libvirt_error(const std::string &what_failed) {
  const virErrorPtr error = virGetLastError();
  std::string words = error != nullptr && error->message != nullptr ? error->message : "libvirt gave no reason";
  while (!words.empty() && words.back() == '\n') words.pop_back();
  std::string hint = hint_for(words);
  if (hint.empty()) hint = "kmodtest doctor checks for the usual problems";
  return base::Error(code_for(words), fmt::format("{}: {}", what_failed, words), std::move(hint));
}

std::string hint_for(const std::string &libvirt_message) {
  const Remedy *remedy = remedy_for(libvirt_message);
  return remedy == nullptr ? std::string() : std::string(remedy->hint);
}

base::Code code_for(const std::string &libvirt_message) {
  const Remedy *remedy = remedy_for(libvirt_message);
  return remedy == nullptr ? base::Code::libvirt_failed : remedy->code;
}

}  // namespace kmodtest::vm
