// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "vm/guest.hpp"

namespace kmodtest::vm {

/// Returns the error of opening /dev/kvm; none if it opens. `device` is for tests.
std::error_code kvm_device_error(const std::filesystem::path &device = "/dev/kvm");

/// Returns "/dev/kvm: Permission denied"; empty without an error.
std::string kvm_device_words(const std::error_code &error);

/// The result of a probe.
struct KvmAnswer {
  enum class Result {
    works,
    denied,         ///< /dev/kvm opens for kmodtest, but not for the user that QEMU runs as
    no_user_space,  ///< the guest prints nothing, so it does not get as far as its agent
    too_slow,       ///< the guest prints something, but its agent was not heard in time
    qemu_ended,     ///< QEMU ended while it set up KVM
    not_started,    ///< libvirt could not start the guest for another reason
  };
  Result result = Result::not_started;
  std::string said = {};  ///< QEMU's or libvirt's own message, for the last two results

  bool works() const { return result == Result::works; }
  /// Returns whether the same guest would get the same answer again. What can be the fault of a moment (a full disk, no
  /// memory, a busy host) is not kept.
  bool lasts() const { return result != Result::not_started && result != Result::too_slow; }
  /// Returns why KVM is not used, in words; empty if it works.
  std::string reason() const;
  bool operator==(const KvmAnswer &) const = default;
};

/// Returns why KVM is not used, from libvirt's message about a guest that did not start under it.
KvmAnswer answer_from_libvirt(std::string_view said);

/// Returns the file that keeps the answer. Its name changes with the host kernel, its boot, QEMU, and the permissions
/// of /dev/kvm, so that each change leads to a new probe.
std::filesystem::path kvm_answer_file(const std::filesystem::path &cache, const std::string &qemu_version);
/// Returns nothing for a file that does not exist, is damaged, or was written by a version with other results.
std::optional<KvmAnswer> read_kvm_answer(const std::filesystem::path &file);
/// Writes the answer; the file appears only when it is complete. If the cache cannot be written, the next run probes
/// again.
void write_kvm_answer(const std::filesystem::path &file, const KvmAnswer &answer);

/// The time that the probe waits for the guest's first console output, and for its agent.
struct ProbePatience {
  std::chrono::milliseconds first_output{4000};
  std::chrono::milliseconds user_space{30000};
};

/// Boots the spec under KVM and checks whether the agent's first bytes arrive. Leaves nothing running.
base::Task<KvmAnswer> probe_kvm(Hypervisor &hypervisor, GuestSpec spec, ProbePatience patience = {});

/// Returns the answer that the cache has for this host kernel, QEMU and /dev/kvm; nothing if it was never probed.
std::optional<KvmAnswer> known_kvm_answer(const std::filesystem::path &cache, const std::string &qemu_version);

/// Returns which accelerator guests use, for people: "KVM", "TCG (/dev/kvm: Permission denied)", "KVM to be probed".
std::string accelerator_words(bool allow_kvm, const std::error_code &device_error,
                              const std::optional<KvmAnswer> &known);

/// Returns what identifies the host's CPU: a guest's state that was saved under KVM fits no other. From the first CPU
/// of /proc/cpuinfo: vendor, family, model, stepping, microcode and flags.
std::string host_cpu(std::string_view cpuinfo);

/// Returns the known answer; otherwise probes, and keeps the answer if it lasts.
base::Task<KvmAnswer> kvm_answer(Hypervisor &hypervisor, GuestSpec spec, std::filesystem::path cache);

}  // namespace kmodtest::vm
