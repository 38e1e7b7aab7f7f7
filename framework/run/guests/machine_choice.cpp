// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/machine_choice.hpp"

namespace kmodtest::run {

vm::ChannelKind stream_channel(const kernel::Kernel &kernel) {
  return kernel::has_virtio_console(kernel) ? vm::ChannelKind::virtio : vm::ChannelKind::serial;
}

vm::GuestSpec kvm_probe_spec(vm::GuestSpec spec, const kernel::Kernel &kernel) {
  spec.channel = stream_channel(kernel);
  spec.clock = vm::Clock::real;
  return spec;
}

bool needs_emulation(const plan::Case &test_case) {
  return test_case.time == plan::Time::virtual_time || test_case.checks.races != plan::Races::none;
}

vm::Clock clock_for(const plan::Case &test_case, vm::ChannelKind channel, vm::Accelerator accelerator,
                    vm::Clock unless_asked) {
  if (needs_emulation(test_case)) return vm::Clock::virtual_;
  const bool real = test_case.time == plan::Time::real_time || accelerator == vm::Accelerator::kvm ||
                    channel != vm::ChannelKind::memory;
  return real ? vm::Clock::real : unless_asked;
}

vm::ChannelKind channel_of(const plan::GuestShape &shape) {
  switch (shape.channel) {
    case plan::Channel::memory:
      return vm::ChannelKind::memory;
    case plan::Channel::serial:
      return vm::ChannelKind::serial;
    case plan::Channel::virtio:
      break;
  }
  return vm::ChannelKind::virtio;
}

}  // namespace kmodtest::run
