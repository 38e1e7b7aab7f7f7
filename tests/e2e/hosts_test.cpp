// SPDX-License-Identifier: GPL-2.0-or-later
// kmodtest run --on ssh: with a real sshd in network namespaces.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/process.hpp"
#include "e2e/script.hpp"
#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

/// The hosts "one" and "two", and "three", which does not answer.
class TwoHosts {
 public:
  /// `full`: the host whose disk is full; empty: none.
  explicit TwoHosts(const std::string &full = "") { why_not_ = call("start", full); }
  ~TwoHosts() { call("stop", ""); }
  TwoHosts(const TwoHosts &) = delete;
  TwoHosts &operator=(const TwoHosts &) = delete;

  /// Returns why there are none; empty: there are.
  const std::string &why_not() const { return why_not_; }
  void cut(const std::string &host) const { call("cut", host); }
  /// Returns the command lines of what runs on a host.
  std::string processes(const std::string &host) const {
    const std::string script = (source_folder() / "tests/e2e/two_hosts.sh").string();
    return base::run_process({script, "processes", folder_.path().string(), host}).out;
  }
  fs::path cache_of(const std::string &host) const { return folder_ / ("cache-" + host) / "remote"; }
  /// Gives a host the kernels of this machine's cache, so that not all of it is sent.
  void lend_kernels(const std::string &host) const {
    const char *own = std::getenv("KMODTEST_CACHE");
    const fs::path cache = own != nullptr ? own : fs::path(std::getenv("HOME")) / ".cache/kmodtest";
    fs::create_directories(cache_of(host) / "cache");
    for (const char *part : {"kernels", "vmlinux", "initramfs"}) {
      const std::string command =
          "cp -al '" + (cache / part).string() + "' '" + (cache_of(host) / "cache").string() + "' 2>/dev/null || true";
      ASSERT_EQ(std::system(command.c_str()), 0);
    }
  }
  Tool::Environment environment() const {
    return {{"PATH", (folder_ / "bin").string() + ":" + std::getenv("PATH")}, {"KMODTEST_HOST_TIMEOUT", "4"}};
  }
  const ScratchFolder &folder() const { return folder_; }

  /// Returns whether nothing of a run is left on a host, at most this long after now.
  bool is_clean(const std::string &host, std::chrono::seconds deadline) const {
    const auto end = std::chrono::steady_clock::now() + deadline;
    const auto has_run = [&] {
      std::error_code error;
      for (const auto &entry : fs::directory_iterator(cache_of(host), error))
        if (entry.path().filename().string().starts_with("run-")) return true;
      return false;
    };
    while (has_run() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return !has_run();
  }

 private:
  std::string call(const std::string &what, const std::string &host) const {
    return complaint_of_script("two_hosts.sh " + what + " " + folder_.path().string() + " " + host);
  }

  ScratchFolder folder_;
  std::string why_not_;
};

TEST(Hosts, OneIsCutOffAndOneDoesNotAnswer) {
  const TwoHosts hosts;
  if (!hosts.why_not().empty()) GTEST_SKIP() << hosts.why_not();
  for (const char *host : {"one", "two"}) hosts.lend_kernels(host);
  fs::permissions(hosts.folder().path(), fs::perms(0711));
  // On a path with a blank, with guests that take their time.
  fs::create_directories(hosts.folder() / "a project");
  fs::copy(source_folder() / "modules/ex7_1", hosts.folder() / "a project/ex7_1", fs::copy_options::recursive);
  const fs::path plan =
      hosts.folder().write("a project/slow.yaml",
                           "module: ex7_1\ntime: real\nmatrix: {wait: [1000, 1001, 1002, 1003]}\nsteps:\n  - load\n"
                           "  - sleep: ${wait}ms\n  - unload\n");
  const auto events = hosts.folder() / "events.jsonl";
  Tool tool({"run", plan, "--on", "ssh:one,two,three", "--shards", "4", "--json", events.string()},
            hosts.environment());
  const auto has = [&](const char *text) { return tool.out().find(text) != std::string::npos; };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (std::chrono::steady_clock::now() < end &&
         !(has("host two is ready") && has("host one is ready") && has("Passed")))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  hosts.cut("two");
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("4 cases: 4 passed"));
  EXPECT_THAT(ended.out, HasSubstr("host three: ssh: connect to host"));
  EXPECT_THAT(ended.out, HasSubstr("[K1013]"));
  EXPECT_THAT(ended.out, ContainsRegex("host two: [a-z0-9 ]+ \\[K1017\\]"));
  const auto finished = finished_cases(events);
  EXPECT_EQ(finished.size(), 4U) << "each once";
  for (const auto &one : finished)
    EXPECT_THAT(one.dump(), Not(HasSubstr("/run-kmodtest-"))) << "paths are those of here";
  EXPECT_TRUE(hosts.is_clean("one", std::chrono::seconds(5)));
  EXPECT_TRUE(hosts.is_clean("two", std::chrono::seconds(30))) << "it ended its shard on its own";
}

TEST(Hosts, ASignalEndsWhatRunsOnAllHosts) {
  const TwoHosts hosts;
  if (!hosts.why_not().empty()) GTEST_SKIP() << hosts.why_not();
  for (const char *host : {"one", "two"}) hosts.lend_kernels(host);
  fs::permissions(hosts.folder().path(), fs::perms(0711));
  const fs::path plan =
      hosts.folder().write("endless.yaml",
                           "module: ex7_1\ntime: real\nmatrix: {wait: [60000, 60001]}\nsteps:\n  - load\n"
                           "  - sleep: ${wait}ms\n  - unload\n");
  // One host has the only shard, and runs one case at a time. The other one helps.
  Tool tool({"run", plan, "--modules", (source_folder() / "modules").string(), "--on", "ssh:one,two", "--shards", "1",
             "-j", "1"},
            hosts.environment());
  // QEMU also runs for a moment to ask what it can do, without a guest, and with one to try KVM. A case's guest has the
  // number of its worker in its name.
  const auto runs_guests = [&hosts](const std::string &host) {
    return hosts.processes(host).find("-w0-") != std::string::npos;
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end && !(runs_guests("one") && runs_guests("two")))
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(runs_guests("one") && runs_guests("two")) << tool.out();
  tool.signal(SIGINT);
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("note shard 1/1 has 2 cases left; a machine that has nothing to do helps from its"));
  EXPECT_THAT(ended.out, HasSubstr("2 cases: 2 not run, interrupted"));
  for (const char *host : {"one", "two"}) {
    EXPECT_TRUE(hosts.is_clean(host, std::chrono::seconds(5))) << host;
    EXPECT_THAT(hosts.processes(host), Not(HasSubstr("qemu-system")));
  }
}

TEST(Hosts, AFullDiskIsOneClearErrorAndTheOtherHostRunsEverything) {
  const TwoHosts hosts("two");
  if (!hosts.why_not().empty()) GTEST_SKIP() << hosts.why_not();
  hosts.lend_kernels("one");
  fs::permissions(hosts.folder().path(), fs::perms(0711));
  const Ended ended = Tool({"run", plan_of("ex7_1"), "--cpus", "1", "--on", "ssh:one,two"}, hosts.environment()).wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("1 case: 1 passed"));
  EXPECT_THAT(ended.out, ContainsRegex("note host two: its disk is full: [^\n]*\\[K0302\\]"));
}

TEST(Hosts, NoneThatAnswersIsAnError) {
  const TwoHosts hosts;
  if (!hosts.why_not().empty()) GTEST_SKIP() << hosts.why_not();
  const fs::path other = hosts.folder().write("authorized", "");
  fs::copy_file(other, hosts.folder() / "key.pub", fs::copy_options::overwrite_existing);
  const Ended ended = Tool({"run", plan_of("ex7_1"), "--cpus", "2", "--on", "ssh:one"}, hosts.environment()).wait();
  EXPECT_EQ(ended.exit_code, 3) << ended.out;
  EXPECT_THAT(ended.err, HasSubstr("error[K1014]: host one: "));
  EXPECT_THAT(ended.err, HasSubstr("ssh-copy-id one"));
}

}  // namespace
}  // namespace kmodtest::e2e
