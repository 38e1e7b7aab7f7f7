// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kmodtest::vm {

/// What libvirt found out about QEMU, and QEMU's version: kept in the user's cache for the next process, since finding
/// it out takes a second. One folder per QEMU, emulator wrapper and user.
class Knowledge {
 public:
  /// `folder` is CACHE/libvirt and need not be there. `user` is who QEMU runs as: another one sees another KVM.
  Knowledge(const std::filesystem::path &folder, std::filesystem::path qemu, const std::filesystem::path &emulator,
            const std::string &user);

  /// Puts what is known into a new folder of libvirt's (root/cache/qemu/capabilities). Never throws: only speed is
  /// lost.
  void give_to(const std::filesystem::path &libvirts) const noexcept;
  /// Keeps what libvirt has found out there itself, without_burden(). Never throws.
  void take_from(const std::filesystem::path &libvirts) const noexcept;

  /// As vm::qemu_version(), asked for once. Throws base::Error.
  std::string qemu_version() const;

  const std::filesystem::path &folder() const { return folder_; }

 private:
  std::filesystem::path qemu_;
  std::filesystem::path folder_;
};

/// libvirt's file about QEMU (capabilities/*.xml) without what costs time at each start and is of no use to our guests:
/// * the flag cpu-unavailable-features. With it libvirt asks a new QEMU for each of some 460 properties of its CPU one
///   by one, which takes 0.3 s; without it for three words of them.
/// * the models of CPUs but `max`, `host` and QEMU's default, qemu64: two thirds of the file, read by each process.
/// Empty when the text is no such file.
/// Source: libvirt 11.3, src/qemu/qemu_process.c (qemuProcessFetchGuestCPU) and qemu_capabilities.c.
std::string without_burden(std::string_view capabilities);

}  // namespace kmodtest::vm
