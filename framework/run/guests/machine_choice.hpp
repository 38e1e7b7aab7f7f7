// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/kernel.hpp"
#include "plan/plan.hpp"
#include "vm/guest.hpp"

/// The rules for a guest's channel, accelerator and clock. Each is written here only.
namespace kmodtest::run {

/// Returns the channel for guests of this kernel that are not kept: virtio, or serial if the kernel has no virtio
/// console.
vm::ChannelKind stream_channel(const kernel::Kernel &kernel);

/// Returns the guest that is booted under KVM to find out whether KVM works.
vm::GuestSpec kvm_probe_spec(vm::GuestSpec spec, const kernel::Kernel &kernel);

/// Returns whether a case can only run on an emulated CPU, because its plan asks for virtual time or
/// for data races.
bool needs_emulation(const plan::Case &test_case);

/// Returns the clock of a case's guest. `unless_asked` is the clock of an emulated guest whose plan asks for none and
/// whose channel allows both.
vm::Clock clock_for(const plan::Case &test_case, vm::ChannelKind channel, vm::Accelerator accelerator,
                    vm::Clock unless_asked = vm::Clock::virtual_);

/// Returns the channel that a plan asks for.
vm::ChannelKind channel_of(const plan::GuestShape &shape);

}  // namespace kmodtest::run
