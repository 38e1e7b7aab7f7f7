// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "vm/guest.hpp"

namespace kmodtest::vm {

/// Why /dev/kvm is of no use from the start; empty when it opens. `device` is for tests.
std::string why_no_kvm_device(const std::filesystem::path &device = "/dev/kvm");

/// A probe's answer.
struct KvmAnswer {
  bool works = false;
  std::string reason;  ///< why not
};

/// Why KVM is not used, from what libvirt said of a guest that did not start under it.
std::string reason_without_kvm(std::string_view said);

/// The file that keeps the answer: another host kernel, another boot of it, another QEMU, or other permissions of
/// /dev/kvm ask anew.
std::filesystem::path kvm_answer_file(const std::filesystem::path &cache, const std::string &qemu_version);
std::optional<KvmAnswer> read_kvm_answer(const std::filesystem::path &file);
/// Written whole or not at all; a cache that cannot be written costs only the next probe.
void write_kvm_answer(const std::filesystem::path &file, const KvmAnswer &answer);

/// How long the probe waits for the guest's first console output, and for its agent.
struct ProbePatience {
  std::chrono::milliseconds first_output{4000};
  std::chrono::milliseconds user_space{10000};
};

/// Boots the spec under KVM and looks whether the agent's first bytes arrive. Leaves nothing running.
base::Task<KvmAnswer> probe_kvm(Hypervisor &hypervisor, GuestSpec spec, ProbePatience patience = {});

/// Returns the answer that the cache has for this host kernel, QEMU and /dev/kvm; otherwise probes and keeps the
/// answer.
base::Task<KvmAnswer> kvm_answer(Hypervisor &hypervisor, GuestSpec spec, std::filesystem::path cache);

}  // namespace kmodtest::vm
