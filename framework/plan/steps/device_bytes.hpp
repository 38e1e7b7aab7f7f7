// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plan/values.hpp"
#include "wire/program.hpp"

/// The notations for what goes to a device and comes back.
namespace kmodtest::plan {

/// Parses bytes: two hexadecimal digits for each ("01 00 ff"), and fields in the machine's order, such as "u32=5",
/// "i16=-1", "u64=0x10", "zeros=12" or "text=ready". With `any`, "??" is one byte that can have any value, and "any=4"
/// are four.
Value<wire::BytePattern> parse_bytes(std::string_view text, bool any);

/// Parses the number of an ioctl: a number ("0x5401"), or a macro of <linux/ioctl.h> as C code writes it: "_IO('k',
/// 1)", "_IOR('k', 2, 8)", "_IOWR('V', 3, __u32)". The third argument is a size in bytes or a type of C.
Value<std::uint64_t> parse_request(std::string_view text);

/// Returns the number if the text is one ("17", "0x5401").
std::optional<std::uint64_t> plain_number(std::string_view text);

/// Makes the argument of a call, if it is an address, as long as the driver expects: what is smaller would let it write
/// over the rest of the agent's memory. To be called when the request is known.
void make_room(wire::Ioctl &call);

}  // namespace kmodtest::plan
