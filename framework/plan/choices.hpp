// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

/// Words that a plan chooses from. Each becomes a value once, when the plan is read.
namespace kmodtest::plan {

/// What controller and agent talk over.
enum class Channel { memory, virtio, serial };

/// Returns the word of a plan: "memory", "virtio", "serial".
const char *channel_name(Channel channel);

/// Returns the channel of such a word, which is one of these.
Channel channel_of(std::string_view word);

/// What a guest's clock follows: its own instructions, or the host's clock.
enum class Time { automatic, virtual_time, real_time };  ///< automatic: virtual wherever the guest is emulated

/// Returns the word of a plan: "virtual", "real"; empty for automatic.
const char *time_name(Time time);
/// Returns the time that a word of a plan or of the command line asks for; "deterministic" is virtual.
Time time_of(std::string_view word);

/// What a case has to come to.
enum class ExpectedVerdict { passed, crashed, hung, leaked, failed, errored };

/// Returns what a word of `expect` asks for: "crashed", "hung", "leaked", "failed", "errored"; passed for any other.
ExpectedVerdict expected_verdict_of(std::string_view word);

}  // namespace kmodtest::plan
