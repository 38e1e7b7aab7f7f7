// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "vm/guest.hpp"

namespace kmodtest::vm {

/// Returns why /dev/kvm cannot be used at all; empty if it opens. `device` is for tests.
std::string why_no_kvm_device(const std::filesystem::path &device = "/dev/kvm");

/// KvmAnswer::reason when the permissions of /dev/kvm are the reason.
inline constexpr std::string_view kKvmDenied = "the user that QEMU runs as cannot open /dev/kvm";

/// The result of a probe.
struct KvmAnswer {
  bool works = false;
  std::string reason;  ///< why not
};

/// Returns why KVM is not used, from libvirt's message about a guest that did not start under it.
std::string reason_without_kvm(std::string_view said);

/// Returns the file that keeps the answer. Its name changes with the host kernel, its boot, QEMU, and the permissions
/// of /dev/kvm, so that each change leads to a new probe.
std::filesystem::path kvm_answer_file(const std::filesystem::path &cache, const std::string &qemu_version);
std::optional<KvmAnswer> read_kvm_answer(const std::filesystem::path &file);
/// Writes the answer; the file appears only when it is complete. If the cache cannot be written, the next run probes
/// again.
void write_kvm_answer(const std::filesystem::path &file, const KvmAnswer &answer);

/// The time that the probe waits for the guest's first console output, and for its agent.
struct ProbePatience {
  std::chrono::milliseconds first_output{4000};
  std::chrono::milliseconds user_space{10000};
};

/// Boots the spec under KVM and checks whether the agent's first bytes arrive. Leaves nothing running.
base::Task<KvmAnswer> probe_kvm(Hypervisor &hypervisor, GuestSpec spec, ProbePatience patience = {});

/// Returns the answer that the cache has for this host kernel, QEMU and /dev/kvm; otherwise probes and keeps the
/// answer.
base::Task<KvmAnswer> kvm_answer(Hypervisor &hypervisor, GuestSpec spec, std::filesystem::path cache);

}  // namespace kmodtest::vm
