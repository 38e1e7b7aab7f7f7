// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

/// Words that a plan chooses from. Each becomes a value once, when the plan is read.
namespace kmodtest::plan {

/// The connection between controller and agent.
enum class Channel { memory, virtio, serial };

/// Returns the word of a plan: "memory", "virtio", "serial".
const char *channel_name(Channel channel);

/// Returns the channel for a word, which is one of these.
Channel channel_of(std::string_view word);

/// The source of a guest's time: its own instructions, or the host's clock.
enum class Time { automatic, virtual_time, real_time };  ///< automatic: virtual wherever the guest is emulated

/// Returns the word of a plan: "virtual", "real"; empty for automatic.
const char *time_name(Time time);
/// Returns the time that a word of a plan or of the command line asks for; "deterministic" is virtual.
Time time_of(std::string_view word);

/// How data races are found.
enum class Races {
  none,   ///< not at all
  meet,   ///< by threads that meet at the same memory
  order,  ///< by accesses that no synchronisation puts in an order
};

/// Returns the way for a word of a plan or of the command line: "true" or "meet", "order"; none for any other.
Races races_of(std::string_view word);
/// Returns the word of the command line: "meet", "order"; empty for none.
const char *races_name(Races races);

/// The verdict that a case must get.
enum class ExpectedVerdict { passed, crashed, hung, leaked, failed, errored };

/// Returns the verdict for a word of `expect`: "crashed", "hung", "leaked", "failed", "errored"; passed for any other.
ExpectedVerdict expected_verdict_of(std::string_view word);

}  // namespace kmodtest::plan
