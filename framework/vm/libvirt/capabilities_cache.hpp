// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace kmodtest::vm {

/// Keeps libvirt's capabilities of QEMU and QEMU's version in the user's cache for the next process, because querying
/// them takes a second. There is one folder per QEMU, emulator wrapper and user.
class CapabilitiesCache {
 public:
  /// Sets the paths. `folder` is CACHE/libvirt and need not exist. `user` is the user that QEMU runs as: KVM can work
  /// for one user and not for another.
  CapabilitiesCache(const std::filesystem::path &folder, std::filesystem::path qemu,
                    const std::filesystem::path &emulator, const std::string &user);

  /// Copies the cached capabilities into a new folder of libvirt's (root/cache/qemu/capabilities). Never throws: a
  /// failure only costs time.
  void copy_to(const std::filesystem::path &libvirts) const noexcept;
  /// Stores the capabilities that libvirt wrote there, trimmed by trimmed_capabilities(). Never throws.
  void store_from(const std::filesystem::path &libvirts) const noexcept;

  /// Returns vm::qemu_version(), cached after the first query. Throws base::Error.
  std::string qemu_version() const;
  /// Returns vm::what_qemu_lacks() for the library `gate`, cached after the first query.
  std::string what_qemu_lacks(const std::filesystem::path &gate) const;

  const std::filesystem::path &folder() const { return folder_; }

 private:
  /// Returns the cached answer, or asks and stores what it says. An answer is not empty.
  std::string answer(const std::string &name, const std::function<std::string()> &ask) const;

  std::filesystem::path qemu_;
  std::filesystem::path folder_;
};

/// Returns libvirt's file about QEMU (capabilities/*.xml) without the parts that cost time at each start and that our
/// guests do not need:
/// * the flag cpu-unavailable-features, which makes libvirt query about 460 CPU properties from every new QEMU, one
///   message at a time (0.3 s). Without the flag it sends three messages.
/// * all CPU models except `max`, `host` and QEMU's default, qemu64: two thirds of the file, which each process reads.
/// Returns an empty text if the file is not a capabilities file.
/// Source: libvirt 11.3, src/qemu/qemu_process.c (qemuProcessFetchGuestCPU) and qemu_capabilities.c.
std::string trimmed_capabilities(std::string_view capabilities);

}  // namespace kmodtest::vm
