// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/device_bytes.hpp"

#include <gtest/gtest.h>
#include <linux/ioctl.h>
#include <string>

#include "plan_text.hpp"

namespace kmodtest::plan {
namespace {

std::string values(const std::string &text, bool any = false) {
  return parse_bytes(text, any).value.value_or(wire::BytePattern{}).values;
}

TEST(DeviceBytes, AreHexadecimalDigitsAndFields) {
  EXPECT_EQ(values("01 fF 7f"), "\x01\xff\x7f");
  EXPECT_EQ(values("u16=0x102 i8=-1"), std::string("\x02\x01\xff"));
  EXPECT_EQ(values("u32=1 zeros=2 text=ab"), std::string("\1\0\0\0\0\0ab", 8));
  EXPECT_EQ(values("i64=-2"), std::string("\xfe\xff\xff\xff\xff\xff\xff\xff"));
  EXPECT_EQ(values(""), "");
}

TEST(DeviceBytes, SomeCanBeAny) {
  const auto bytes = parse_bytes("01 ?? any=2 02", true).value.value_or(wire::BytePattern{});
  EXPECT_EQ(bytes.values, std::string("\1\0\0\0\2", 5));
  EXPECT_EQ(bytes.known, std::string("\1\0\0\0\1", 5));
  EXPECT_FALSE(parse_bytes("??", false).value.has_value()) << "nobody can write any byte";
}

TEST(DeviceBytes, WhatCannotBeReadIsNamed) {
  EXPECT_EQ(parse_bytes("01 xyz", false).error,
            "'xyz' is neither a byte such as 7f nor a field such as u32=5 (e.g. \"01 ff u32=5 zeros=8\")");
  EXPECT_EQ(parse_bytes("u8=256", true).error,
            "'u8=256' has no number that fits into u8 (e.g. \"01 ff u32=5 zeros=8 ??\")");
  EXPECT_FALSE(parse_bytes("u12=1", false).value.has_value());
  EXPECT_FALSE(parse_bytes("zeros=-1", false).value.has_value());
  EXPECT_FALSE(parse_bytes("zeros=16384 00", false).value.has_value());
}

TEST(IoctlRequest, IsANumberOrTheMacroOfAHeader) {
  EXPECT_EQ(parse_request("0x5401").value, 0x5401u);
  EXPECT_EQ(parse_request("21505").value, 21505u);
  EXPECT_EQ(parse_request("_IO('k', 1)").value, static_cast<std::uint64_t>(_IO('k', 1)));
  EXPECT_EQ(parse_request("_IOR('k', 2, int)").value, static_cast<std::uint64_t>(_IOR('k', 2, int)));
  EXPECT_EQ(parse_request("_IOW(0x6b,0x10,__u64)").value, static_cast<std::uint64_t>(_IOW('k', 16, long)));
  EXPECT_EQ(parse_request(" _IOWR('V', 3, 104) ").value, 0xc0685603u);
  EXPECT_EQ(argument_bytes(0xc0685603u), 104u);
  EXPECT_EQ(argument_bytes(0x5401u), 0u);
}

TEST(IoctlRequest, OtherTextsAreRefused) {
  EXPECT_EQ(parse_request("TCGETS").error,
            "'TCGETS' is a name: write the number, or what the header defines it as (e.g. _IOR('k', 2, __u32))");
  EXPECT_EQ(parse_request("1 2").error, "'1 2' is not the number of an ioctl (e.g. 0x5401 or _IOR('k', 2, __u32))");
  EXPECT_EQ(parse_request("_IOR('k', 2)").error, "_IOR takes three arguments");
  EXPECT_EQ(parse_request("_IO('k', 2, int)").error, "_IO takes two arguments");
  EXPECT_EQ(parse_request("_IOR('k', 2, struct x)").error,
            "'struct x' is neither a type such as int or __u64 nor a size from 0 to 16383 (for a struct, write its "
            "size in bytes)");
  EXPECT_FALSE(parse_request("_IOR('k', 2, -4)").value.has_value());
  EXPECT_EQ(parse_request("_IO('k', 256)").error,
            "_IO begins with a character or a number, and a number, both from 0 to 255");
}

TEST(DeviceSteps, GetWhatThePlanSays) {
  const Plan plan =
      good(with_steps("  - load: {on_cpu: 0}\n"
                      "  - ioctl: {path: /dev/x, request: \"_IOR('k', 1, 16)\", gives: u32=1}\n"
                      "  - ioctl: {path: /dev/x, request: 1, number: 7, errno: EINVAL}\n"
                      "  - mmap: {path: /dev/x, length: 8K, at: 4K, bytes: '01'}\n"
                      "  - poll: /dev/x\n"
                      "  - run: {command: a, background: true, name: one, at_once: 3}\n"
                      "  - wait: {command: one, signal: KILL}\n"
                      "  - ps: {thread: a, policy: [fifo, rr], priority: 5, nice: '< 0'}\n"));
  ASSERT_EQ(plan.cases.size(), 1u);
  const auto &steps = plan.cases[0].steps;
  EXPECT_EQ(std::get<wire::Load>(steps[0].guest->body).cpu, 0);
  const auto &ioctl = std::get<wire::Ioctl>(steps[1].guest->body);
  EXPECT_EQ(ioctl.bytes, std::string(16, '\0')) << "as long as the driver expects";
  EXPECT_EQ(ioctl.gives.values.size(), 4u);
  EXPECT_EQ(std::get<wire::Ioctl>(steps[2].guest->body).number, 7u);
  const auto &map = std::get<wire::MapMemory>(steps[3].guest->body);
  EXPECT_EQ(map.length, 8192u);
  EXPECT_EQ(map.at, 4096u);
  EXPECT_NE(std::get<wire::Poll>(steps[4].guest->body).events, 0);
  EXPECT_EQ(std::get<wire::RunCommand>(steps[5].guest->body).copies, 3u);
  EXPECT_EQ(std::get<wire::WaitCommand>(steps[6].guest->body).exit_status, (wire::Range{0, 255}));
  EXPECT_EQ(std::get<wire::ThreadCondition>(steps[7].guest->body).policies, (std::vector<std::uint8_t>{1, 2}));
}

TEST(DeviceSteps, WhatCannotBeIsRefused) {
  const auto first = [](const std::string &step) {
    const auto all = complaints(with_steps("  - load\n" + step));
    return all.empty() ? std::string() : all.front();
  };
  EXPECT_EQ(first("  - wait: two\n"), "4:11: no 'run' step before this one has the name 'two'");
  EXPECT_EQ(first("  - run: {command: a, name: one}\n"),
            "4:29: 'name' is for a command in the background (add background: true)");
  EXPECT_EQ(first("  - run: {command: a, background: true, name: one}\n  - wait: {command: one, exit: 300}\n"),
            "5:32: an exit status is from 0 to 255");
  EXPECT_EQ(first("  - run: {command: a, background: true, name: one}\n"
                  "  - run: {command: b, background: true, name: one}\n"),
            "5:47: two commands have the name 'one'");
  EXPECT_EQ(first("  - mmap: {path: /dev/x, at: 4095, bytes: '00 00'}\n"),
            "4:30: the bytes are beyond the end of the mapping of 4096 bytes");
  EXPECT_NE(first("  - ioctl: {path: /dev/x, request: 1, number: 7, bytes: '00'}\n"), "");
  EXPECT_NE(first("  - ioctl: {path: /dev/x, request: 1, errno: EINVAL, gives: '00'}\n"), "");
  EXPECT_NE(first("  - poll: {path: /etc/passwd}\n"), "");
  EXPECT_NE(first("  - load: {on_cpu: 0-1}\n"), "");
}

}  // namespace
}  // namespace kmodtest::plan
