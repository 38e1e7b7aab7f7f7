// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/device_bytes.hpp"

#include <gtest/gtest.h>
#include <linux/ioctl.h>
#include <string>

#include "plan/case_text.hpp"
#include "plan/steps/header_numbers.hpp"
#include "plan_text.hpp"
#include "support/scratch_folder.hpp"

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
  wire::Ioctl call{.request = _IOR('V', 3, char[20])};
  make_room(call);
  EXPECT_EQ(call.bytes.size(), 20U);
  wire::Ioctl number{.request = _IOR('V', 3, char[20]), .number = 1};
  make_room(number);
  EXPECT_EQ(number.bytes, "") << "the argument is not an address";
}

TEST(IoctlRequest, OtherTextsAreRefused) {
  EXPECT_EQ(
      parse_request("TCGETS").error,
      "'TCGETS' is a name: name its header, too (header: FILE), or write the number, or what the header defines it as "
      "(e.g. _IOR('k', 2, __u32))");
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

/// A plan in a folder with a header, and a module in another folder with one.
class HeaderOfIoctl : public ::testing::Test {
 protected:
  HeaderOfIoctl() {
    scratch_.write("plans/near.h", "");
    scratch_.write("modules/ex/ex.h", "");
    scratch_.write("modules/ex/Kbuild", "obj-m := ex.o\n");
    scratch_.write("elsewhere/far.h", "");
  }

  ParseResult parse(const std::string &keys) const {
    return parse_plan_text("module: ../modules/ex\nsteps:\n  - load\n  - ioctl: {path: /dev/x, " + keys + "}\n",
                           scratch_.path() / "plans/ex.yaml", {});
  }
  HeaderNumbers numbers(const std::string &keys) const {
    const auto parsed = parse(keys);
    EXPECT_TRUE(parsed.plan.has_value()) << keys;
    return parsed.plan ? parsed.plan->cases.at(0).steps.at(1).numbers.value() : HeaderNumbers{};
  }
  std::string problem(const std::string &keys) const {
    const auto parsed = parse(keys);
    return parsed.diagnostics.empty() ? "" : parsed.diagnostics.front().message;
  }

  const support::ScratchFolder scratch_;
};

TEST_F(HeaderOfIoctl, IsNextToThePlanOrInAModulesFolderOrOneOfTheSystem) {
  EXPECT_EQ(numbers("header: near.h, request: A").header, (scratch_.path() / "plans/near.h").string());
  EXPECT_EQ(numbers("header: ex.h, request: A").header, (scratch_.path() / "modules/ex/ex.h").string());
  EXPECT_EQ(numbers("header: <linux/fs.h>, request: A").header, "<linux/fs.h>");
}

TEST_F(HeaderOfIoctl, GivesTheNumbersThatThePlanDoesNotHave) {
  EXPECT_EQ(numbers("header: near.h, request: A, number: B + 1"),
            (HeaderNumbers{.header = (scratch_.path() / "plans/near.h").string(), .request = "A", .number = "B + 1"}));
  const auto known = numbers("header: near.h, request: 7, number: B");
  EXPECT_EQ(known.request, "");
  EXPECT_EQ(known.number, "B");
}

TEST_F(HeaderOfIoctl, FillsInANumberAndMakesRoomForTheArgument) {
  const auto parsed = parse("header: near.h, request: A");
  ASSERT_TRUE(parsed.plan.has_value());
  Step step = parsed.plan->cases.at(0).steps.at(1);
  fill_in_numbers(step, [](const std::string &header, const std::string &expression) {
    EXPECT_TRUE(header.ends_with("/near.h"));
    EXPECT_EQ(expression, "A");
    return _IOR('k', 1, char[24]);
  });
  const auto &call = std::get<wire::Ioctl>(step.guest->body);
  EXPECT_EQ(call.request, _IOR('k', 1, char[24]));
  EXPECT_EQ(call.bytes.size(), 24U);
  EXPECT_EQ(step.numbers->request, "") << "it is known now";
}

TEST_F(HeaderOfIoctl, ThatIsNotThereOrOutsideIsRefused) {
  EXPECT_EQ(problem("header: none.h, request: A"),
            "there is no header 'none.h' next to the plan or in the folder of a module");
  EXPECT_EQ(problem("header: ../elsewhere/far.h, request: A"),
            "the header '../elsewhere/far.h' is outside of the plan's folder and of the modules' (--modules DIR allows "
            "another one)");
  EXPECT_EQ(problem("header: '<a\"b>', request: A"),
            "this cannot be the name of a header (e.g. my_device.h, or <linux/fs.h>)");
}

TEST_F(HeaderOfIoctl, TakesNoMoreThanAnExpression) {
  for (const std::string text : {"A; int x", "({1;})", "A\\n", "__builtin_f(\"x\")", "a = b"})
    EXPECT_NE(problem("header: near.h, request: '" + text + "'"), "") << text;
  EXPECT_EQ(problem("header: near.h, request: \"_IOR('k', 2, struct one)\""), "");
  EXPECT_NE(problem("request: A").find("'A' is a name: name its header, too"), std::string::npos);
}

TEST_F(HeaderOfIoctl, IsNoPartOfTheTextOfACase) {
  auto parsed = parse("header: near.h, request: A, number: B");
  ASSERT_TRUE(parsed.plan.has_value());
  Case test_case = parsed.plan->cases.at(0);
  for (Step &step : test_case.steps)
    fill_in_numbers(step, [](const std::string &, const std::string &name) { return name == "A" ? 0x1234U : 9U; });
  const std::string text = case_text(test_case, {});
  EXPECT_EQ(text.find("header"), std::string::npos) << text;
  EXPECT_NE(text.find("request: 0x1234\n"), std::string::npos) << text;
  EXPECT_NE(text.find("number: 0x9\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace kmodtest::plan
