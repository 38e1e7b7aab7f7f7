// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/frame.hpp"

#include <gtest/gtest.h>
#include <random>

#include "wire/codec.hpp"

namespace kmodtest::wire {
namespace {

Program sample_program() {
  Program program;
  program.prerequisites = {{"virtio", "/tmp/modules/virtio.ko", {}}};
  program.modules = {"ex7_4"};
  Load load;
  load.modules = {{"ex7_4", "/tmp/modules/ex7_4.ko", {{"cpu", "3"}, {"name", "a b"}}}};
  program.steps.push_back({load, Microseconds{10'000'000}, Microseconds{0}, "load ex7_4"});
  LogCondition log;
  log.in_order = {{Pattern::Kind::literal, "Thread started"}, {Pattern::Kind::regex, "function [0-9]+$"}};
  log.counts = {{{Pattern::Kind::literal, "x"}, {1, 3}}};
  log.intervals = {{{Pattern::Kind::literal, "y"}, Microseconds{800}, Microseconds{1200}, 2}};
  log.since = LogScope::here;
  program.steps.push_back({log, Microseconds{5'000'000}, Microseconds{1}, "dmesg"});
  ThreadCondition threads;
  threads.thread = "ex7_4";
  threads.count = Range{1, 1};
  threads.cpus = "3";
  program.steps.push_back({threads, Microseconds{-1}, Microseconds{0}, "ps ex7_4"});
  ModuleCondition module;
  module.used_by = std::vector<std::string>{"a", "b"};
  program.steps.push_back({module, {}, {}, ""});
  FileCondition file;
  file.grows = Growth{{1, 1}, {{}, Microseconds{1}, Microseconds{2}, 3}};
  program.steps.push_back({file, {}, {}, ""});
  program.steps.push_back({Unload{{"ex7_4"}, true, -1}, {}, {}, "unload"});
  program.steps.push_back({WriteFile{"/proc/x", std::string("a\0b", 3), 22}, {}, {}, ""});
  program.steps.push_back({RunCommand{"true", true, {0, 0}, {}, {}}, {}, {}, ""});
  program.steps.push_back({SetCpus{"1", ""}, {}, {}, ""});
  program.steps.push_back({Sleep{Microseconds{7}}, {}, {}, ""});
  program.steps.push_back({Repeat{load.modules, 10, 100, 10, Microseconds{100'000}}, {}, {}, ""});
  program.steps.push_back({SendTrace{}, {}, {}, ""});
  program.trace_sched = true;
  program.rests = true;
  program.renewed_devices = {"0000:00:11.0"};
  program.settles = Microseconds{9};
  program.idles = Microseconds{8};
  return program;
}

Frame only_frame(const std::string &bytes) {
  FrameDecoder decoder;
  decoder.feed(bytes);
  auto frame = decoder.next();
  EXPECT_TRUE(frame.has_value()) << decoder.error();
  EXPECT_FALSE(decoder.next().has_value());
  EXPECT_EQ(decoder.error(), "");
  return frame.value_or(Frame{});
}

TEST(Frame, EveryRequestComesBackAsItWasSent) {
  const std::vector<Request> requests = {Hello{},
                                         Push{"/tmp/a", 5, std::string(300000, 'x'), true, 0xdeadbeef},
                                         wire::Run{sample_program()},
                                         Cancel{},
                                         OpenTerminal{"sh", {"TERM=xterm"}, 24, 80},
                                         TerminalInput{"ls\r"},
                                         ResizeTerminal{25, 81},
                                         Continue{{"ex"}, sample_program().steps}};
  ASSERT_EQ(requests.size(), std::variant_size_v<Request>);
  for (const Request &request : requests) {
    const Frame frame = only_frame(encode(request, 77));
    EXPECT_EQ(frame.id, 77u);
    std::string error;
    const auto back = decode_request(frame, &error);
    ASSERT_TRUE(back.has_value()) << error;
    EXPECT_TRUE(*back == request) << "alternative " << request.index();
  }
}

TEST(Frame, EveryReportComesBackAsItWasSent) {
  ThreadRecord thread{7,
                      7,
                      2,
                      "kthread_park th",
                      "kthread_park thread1 example",
                      'P',
                      3,
                      "0-3",
                      5,
                      6,
                      Microseconds{120000},
                      true,
                      "kthread_parkme"};
  ModuleRecord module{"ex7_4", 16384, 0, {"b"}, "Live", 0xffffffffc0000000u, "OE"};
  AgentInfo info;
  info.kernel_release = "6.1.0";
  info.nodes = {{0, "0-1", 1024}};
  Inventory inventory{Microseconds{1}, 4096, {thread}, {module}, {"/proc/x"}, {}, {}, {}, {}, {}};
  inventory.majors = {{true, 240, "ex"}};
  inventory.timers = {{true, 0xffff888004a3c000u, 0xffffffffc0201010u, ""}, {false, 1, 0, "delayed_work_timer_fn"}};
  inventory.vmalloc = {{8192, 0xffffffffc0201023u}};
  inventory.settings = {{"/proc/sys/kernel/panic", "0", "30"}};
  const std::vector<AgentMessage> reports = {
      Info{info},
      Pushed{"/tmp/a", 1, "no space"},
      Refused{"why"},
      LogLines{{{12, 6, 0, Microseconds{99}, "T1", "I'm a module!"}}, 3, 4},
      Baseline{inventory},
      AfterUnload{2, inventory},
      StepStarted{1, Microseconds{5}},
      Loaded{0, "ex7_4", 0, Microseconds{9}, module, {}, {{".data", 0xffffffffc0300000u}}},
      Unloaded{1, "ex7_4", 16, Microseconds{1}},
      Threads{3, Microseconds{4}, {thread}},
      Modules{3, Microseconds{4}, {module}},
      FileRead{4, Microseconds{4}, "/proc/x", 2, "42\n", true},
      Written{5, "/sys/x", 13},
      CommandEnded{6, 137, "out", "err", false},
      CpusSet{7, 3, true, 0},
      StepEnded{7, Microseconds{1}, StepResult::refused, 44, "detail"},
      ProgramEnded{Microseconds{8}, 3, true, true, "e"},
      TerminalOutput{"a\x1b[0m", true},
      TerminalEnded{130},
      Autopsy{2, Microseconds{7}, 53, {{thread, "[<0>] msleep+0x2d/0x40\n"}}},
      MemoryCounted{1, Microseconds{5}, 10, {{"kmalloc-64", true, 64, -3}}},
      TraceStarted{Microseconds{3}, {0, 1}, "page", {"format"}, "e"},
      TracePages{1, {std::string("\0\1", 2), "b"}},
      TraceChecked{Microseconds{4}, 7, true},
      Resting{Microseconds{6}},
      Idles{Microseconds{6}, Microseconds{7}},
      FaultCalls{3, "on calls=1 failed=0 left=0\n"},
      DeviceCalled{4, "/dev/x", 22, -1, std::string("\0\1", 2)}};
  ASSERT_EQ(reports.size(), std::variant_size_v<AgentMessage>);
  for (const AgentMessage &report : reports) {
    std::string error;
    const auto back = decode_agent_message(only_frame(encode(report, 5)), &error);
    ASSERT_TRUE(back.has_value()) << error;
    EXPECT_TRUE(*back == report) << "alternative " << report.index();
  }
}

TEST(Program, AnErrnoIsExpectedByItselfAsAnyOneOrNotAtAll) {
  EXPECT_TRUE(is_expected_errno(0, 0));
  EXPECT_FALSE(is_expected_errno(22, 0));
  EXPECT_TRUE(is_expected_errno(22, 22));
  EXPECT_FALSE(is_expected_errno(1, 22));
  EXPECT_TRUE(is_expected_errno(22, kAnyErrno));
  EXPECT_FALSE(is_expected_errno(0, kAnyErrno));
  EXPECT_TRUE(is_expected_errno(22, kAnyOutcome));
  EXPECT_TRUE(is_expected_errno(0, kAnyOutcome));
}

TEST(Frame, ArrivesInPiecesOfAnySize) {
  const std::string bytes = encode(Request{wire::Run{sample_program()}}, 1) + encode(Request{Hello{}}, 2);
  for (std::size_t piece : {1u, 2u, 3u, 7u, 16u, 17u, 100u, 1000u}) {
    FrameDecoder decoder;
    std::vector<std::uint32_t> ids;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      decoder.feed(std::string_view(bytes).substr(at, piece));
      while (auto frame = decoder.next()) ids.push_back(frame->id);
    }
    EXPECT_EQ(ids, (std::vector<std::uint32_t>{1, 2})) << "pieces of " << piece;
    EXPECT_EQ(decoder.error(), "");
  }
}

std::string error_of(const std::string &bytes) {
  FrameDecoder decoder;
  decoder.feed(bytes);
  while (decoder.next()) {
  }
  return decoder.error();
}

TEST(Frame, RefusesWhatIsNoFrame) {
  EXPECT_EQ(error_of("X"), "no frame starts here (bad magic)");
  EXPECT_EQ(error_of("KMX"), "no frame starts here (bad magic)");
  EXPECT_EQ(error_of(std::string("KMT\x0f", 4)), "the other side speaks protocol version 15, this one 14");
  std::string hello = encode(Request{Hello{}}, 1);
  std::string reserved = hello;
  reserved[6] = 1;
  EXPECT_EQ(error_of(reserved), "the reserved field of a frame is not zero");
  std::string huge = hello;
  huge[15] = 0x7f;
  EXPECT_EQ(error_of(huge), "a frame of 2130706434 bytes is larger than the limit of 1048576");
}

TEST(Frame, OneFlippedBitAnywhereIsNoticed) {
  const std::string good = encode(Request{wire::Run{sample_program()}}, 9);
  for (std::size_t byte = 0; byte < good.size(); ++byte) {
    std::string bad = good;
    bad[byte] = static_cast<char>(bad[byte] ^ (1 << (byte % 8)));
    FrameDecoder decoder;
    decoder.feed(bad);
    const auto frame = decoder.next();
    EXPECT_FALSE(frame.has_value()) << "byte " << byte;
  }
}

TEST(Frame, AfterAnErrorNothingMoreIsGiven) {
  FrameDecoder decoder;
  decoder.feed("rubbish");
  EXPECT_FALSE(decoder.next().has_value());
  decoder.feed(encode(Request{Hello{}}, 1));
  EXPECT_FALSE(decoder.next().has_value());
  EXPECT_EQ(decoder.error(), "no frame starts here (bad magic)");
}

TEST(Codec, RefusesUnknownTypesAndMalformedPayloads) {
  std::string error;
  EXPECT_FALSE(decode_request(Frame{0, 1, ""}, &error));
  EXPECT_EQ(error, "unknown message type 0");
  EXPECT_FALSE(decode_request(Frame{0x101, 1, ""}, &error));
  EXPECT_EQ(error, "unknown message type 257");
  EXPECT_FALSE(decode_request(Frame{1, 1, "a"}, &error));
  EXPECT_EQ(error, "malformed message of type 1: too short");
  EXPECT_FALSE(decode_request(Frame{1, 1, "abc"}, &error));
  EXPECT_EQ(error, "malformed message of type 1: bytes after the end");
  EXPECT_FALSE(decode_request(Frame{2, 1, std::string("\xff\xff\xff\xff", 4)}, &error));
  EXPECT_EQ(error, "malformed message of type 2: a length beyond the end");
}

TEST(Codec, WhateverDecodesHasOneEncoding) {
  std::mt19937 random(1);
  std::size_t decoded = 0;
  for (int round = 0; round < 4000; ++round) {
    Frame frame;
    frame.type = static_cast<std::uint16_t>(round % 2 ? 3 : 0x101 + random() % 17);
    std::string payload =
        round % 2 ? only_frame(encode(Request{wire::Run{sample_program()}}, 1)).payload : std::string(24, '\0');
    for (int flips = 0; flips < 2; ++flips) payload[random() % payload.size()] = static_cast<char>(random() % 4);
    frame.payload = payload;
    if (const auto request = decode_request(frame, nullptr)) {
      ++decoded;
      EXPECT_EQ(only_frame(encode(*request, 1)).payload, payload);
    }
    if (const auto report = decode_agent_message(frame, nullptr)) {
      ++decoded;
      EXPECT_EQ(only_frame(encode(*report, 1)).payload, payload);
    }
  }
  EXPECT_GT(decoded, 200u);
}

TEST(Program, StepsKnowTheirKeyAndWhetherTheyAct) {
  EXPECT_STREQ(step_name(Load{}), "load");
  EXPECT_STREQ(step_name(Sleep{}), "sleep");
  EXPECT_TRUE(is_action(SetCpus{}));
  EXPECT_TRUE(is_action(RunCommand{}));
  EXPECT_FALSE(is_action(LogCondition{}));
  EXPECT_FALSE(is_action(Sleep{}));
}

}  // namespace
}  // namespace kmodtest::wire
