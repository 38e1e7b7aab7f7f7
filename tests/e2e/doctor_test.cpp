// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>
#include <map>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "e2e/tool.hpp"

/// The doctor's checks of the machine that the other tests run on, and of one where something was removed.
namespace kmodtest::e2e {
namespace {

/// Returns "mark: words -> remedy" by topic; of several checks of a topic only the first.
std::map<std::string, std::string> checks_of(const Ended &ended) {
  std::map<std::string, std::string> checks;
  const auto json = nlohmann::json::parse(ended.out);
  for (const auto &check : json.at("checks")) {
    const std::string remedy = check.at("mend").is_null() ? "" : " -> " + check.at("mend").get<std::string>();
    checks.emplace(check.at("topic"),
                   check.at("mark").get<std::string>() + ": " + check.at("words").get<std::string>() + remedy);
  }
  return checks;
}

TEST(Doctor, FindsAllThatTheOtherTestsNeed) {
  Tool tool({"doctor", "--json"});
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_EQ(ended.err, "");
  EXPECT_TRUE(tool.guests_gone(std::chrono::milliseconds(2000)));
  const auto checks = checks_of(ended);
  for (const char *topic : {"kmodtest", "QEMU", "libvirt", "user", "busybox", "building", "kernel", "cache", "running"})
    EXPECT_EQ(checks.at(topic).substr(0, 4), "ok: ") << checks.at(topic);
  EXPECT_NE(checks.at("libvirt").find("libvirt 1"), std::string::npos) << checks.at("libvirt");
  EXPECT_NE(checks.at("running").find(tool.runtime_folder().string()), std::string::npos) << checks.at("running");
  EXPECT_NE(checks.at("kernel").find("is in the cache"), std::string::npos) << checks.at("kernel");
}

TEST(Doctor, NamesWhatIsMissingAndTheCommandThatMendsIt) {
  if (!may_mount()) GTEST_SKIP() << "only who may mount can hide a file from a process";
  const Ended ended =
      Tool({"doctor", "--json"}, {{"KMODTEST_CACHE", "/proc/kmodtest-cache"}}, {}, "/usr/bin/qemu-system-x86_64")
          .wait();
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  const auto checks = checks_of(ended);
  EXPECT_EQ(checks.at("QEMU"),
            "fail: QEMU is not installed: /usr/bin/qemu-system-x86_64 cannot be run -> "
            "sudo apt-get install -t bookworm-backports qemu-system-x86 qemu-utils");
  EXPECT_EQ(checks.at("cache").substr(0, 6), "fail: ") << checks.at("cache");
  EXPECT_NE(checks.at("cache").find("/proc/kmodtest-cache"), std::string::npos) << checks.at("cache");
  EXPECT_NE(checks.at("cache").find("-> export KMODTEST_CACHE="), std::string::npos) << checks.at("cache");
}

TEST(Doctor, PeopleReadALineForEachThing) {
  const Ended ended = kmodtest({"doctor"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_EQ(ended.out.find("ok    kmodtest  "), 0u) << ended.out;
  EXPECT_NE(ended.out.find("\nkmodtest runs here"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace kmodtest::e2e
