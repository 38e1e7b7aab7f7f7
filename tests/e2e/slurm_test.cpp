// SPDX-License-Identifier: GPL-2.0-or-later
// kmodtest run --on slurm: with a real Slurm of two nodes on this host.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "base/process.hpp"
#include "e2e/script.hpp"
#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

/// Waits until something is so; returns whether it is.
bool comes(const std::function<bool()> &is_so, std::chrono::seconds within = std::chrono::seconds(60)) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!is_so() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return is_so();
}

/// A cluster with the nodes "one" and "two", and a folder with plans.
class OneSlurm {
 public:
  OneSlurm() {
    fs::permissions(folder_.path(), fs::perms(0711));
    why_not_ = call("start");
    fs::create_directories(plans());
  }
  ~OneSlurm() { call("stop"); }
  OneSlurm(const OneSlurm &) = delete;
  OneSlurm &operator=(const OneSlurm &) = delete;

  /// Returns why there is none; empty: there is one.
  const std::string &why_not() const { return why_not_; }
  /// Ends a node at once. Slurm would notice within some seconds; here, a health check of the cluster tells it.
  void kill(const std::string &node) const {
    call("kill", node);
    slurm({"scontrol", "update", "NodeName=" + node, "State=DOWN", "Reason=test"});
  }
  /// Starts a node again, with a disk of its own of this size.
  void restart(const std::string &node, const std::string &disk) const { call("node", node + " " + disk); }
  const ScratchFolder &folder() const { return folder_; }
  fs::path plans() const { return folder_ / "some plans"; }
  fs::path shared() const { return folder_ / "50%user jobs"; }  ///< %u means something to Slurm
  /// Adds the module of the plans to their folder, whose path has a blank.
  void add_module() const {
    fs::copy(source_folder() / "modules/ex7_1", plans() / "ex7_1", fs::copy_options::recursive);
  }
  /// Adds a plan whose cases wait for these milliseconds.
  void add_plan(const std::string &name, const std::string &time, const std::string &waits) const {
    folder_.write("some plans/" + name + ".yaml", "module: ex7_1\ntime: " + time + "\nmatrix: {wait: [" + waits +
                                                      "]}\nsteps:\n  - load\n  - sleep: ${wait}ms\n  - unload\n");
  }
  /// Each node has a disk of its own for guests; results and the cache are shared.
  Tool::Environment environment() const {
    return {{"SLURM_CONF", conf()}, {"KMODTEST_RUNTIME", (folder_ / "disk").string()}};
  }
  Tool run(const std::string &on, const std::vector<std::string> &more = {}) const {
    std::vector<std::string> words = {
        "run", plans().string(), "--modules",      (source_folder() / "modules").string(), "--on", on, "--shards",
        "2",   "--shared",       shared().string()};
    words.insert(words.end(), more.begin(), more.end());
    return Tool(words, environment());
  }
  /// Runs one of Slurm's programs; returns what it prints.
  std::string slurm(std::vector<std::string> words) const {
    words.insert(words.begin(), {"/usr/bin/env", "SLURM_CONF=" + conf()});
    return base::run_process(words).out;
  }
  bool has_jobs(const std::string &state) const {
    return !slurm({"squeue", "--noheader", "--states=" + state}).empty();
  }

 private:
  std::string conf() const { return (folder_ / "slurm.conf").string(); }
  std::string call(const std::string &what, const std::string &more = "") const {
    return complaint_of_script("one_slurm.sh " + what + " " + folder_.path().string() + " " + more);
  }

  ScratchFolder folder_;
  std::string why_not_;
};

/// Returns plan, point, outcome and digest of each case.
std::multiset<std::string> results_of(const fs::path &events) {
  std::multiset<std::string> results;
  for (const auto &one : finished_cases(events)) {
    const bool real = one["plan"] == "slow";
    results.insert(one["id"].get<std::string>() + " " + one["outcome"].get<std::string>() + " " +
                   (real ? "" : one["digest"].dump()));
  }
  return results;
}

/// A job of a partition with a higher priority takes node two away from a shard.
void expect_preemption_loses_nothing(const OneSlurm &cluster, const std::multiset<std::string> &wanted) {
  const fs::path events = cluster.folder() / "preempted.jsonl";
  // With a history that knows these short cases there would be one shard.
  const std::string history = (cluster.folder() / "new.json").string();
  Tool tool = cluster.run("slurm", {"--json", events.string(), "--history", history});
  ASSERT_TRUE(comes([&] { return tool.out().find("Passed") != std::string::npos; })) << tool.out();
  cluster.slurm({"sbatch", "--partition=urgent", "--output=/dev/null", "--wrap=true"});
  ASSERT_TRUE(comes([&] { return cluster.has_jobs("PREEMPTED"); })) << cluster.slurm({"squeue", "--states=all"});
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("8 cases: 8 passed"));
  EXPECT_THAT(ended.out, ContainsRegex("note the job of shard ./2 ended after . cases?; starting it again"));
  EXPECT_EQ(results_of(events), wanted);
}

TEST(Slurm, ANodeDiesOrIsTakenAwayAndTheResultsAreThoseOfOneMachine) {
  const OneSlurm cluster;
  if (!cluster.why_not().empty()) GTEST_SKIP() << cluster.why_not();
  cluster.add_module();
  cluster.add_plan("quick", "virtual", "10, 20, 30, 40");
  cluster.add_plan("slow", "real", "500, 501, 502, 503");
  const fs::path local = cluster.folder() / "local.jsonl", far = cluster.folder() / "far.jsonl";
  Tool tool = cluster.run("slurm", {"--json", far.string(), "--junit", (cluster.folder() / "junit.xml").string()});
  ASSERT_TRUE(comes([&] { return tool.out().find("Passed") != std::string::npos; })) << tool.out();
  cluster.kill("two");
  Tool local_tool({"run", cluster.plans().string(), "-j", "4", "--json", local.string()});  // while Slurm is waited for
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("8 cases: 8 passed"));
  EXPECT_THAT(ended.out, ContainsRegex("note the job of shard ./2 ended after . cases?; starting it again"));
  const Ended here = local_tool.wait();
  ASSERT_EQ(here.exit_code, 0) << here.out << here.err;
  EXPECT_EQ(results_of(far), results_of(local));
  cluster.restart("two", "1g");
  expect_preemption_loses_nothing(cluster, results_of(local));
  EXPECT_TRUE(fs::is_empty(cluster.shared())) << "nothing is left if all went well";
}

/// Node two gets a disk on which no guest has room.
void expect_clear_error_of_full_disk(const OneSlurm &cluster) {
  cluster.add_plan("slow", "real", "1, 2");
  cluster.kill("two");
  cluster.restart("two", "64k");
  const Ended ended = cluster.run("slurm:partition=second").wait();
  EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("the disk is full"));
  EXPECT_THAT(ended.out, HasSubstr("kmodtest explain K0302")) << ended.err;
}

TEST(Slurm, CancelledJobsRefusedOptionsAndAFullDiskEndClearly) {
  const OneSlurm cluster;
  if (!cluster.why_not().empty()) GTEST_SKIP() << cluster.why_not();
  cluster.add_plan("slow", "real", "1, 60000, 60001");
  const Ended refused = cluster.run("slurm:partition=shrt").wait();
  EXPECT_EQ(refused.exit_code, 3) << refused.out;
  EXPECT_THAT(refused.err, HasSubstr("error[K1009]: Slurm does not take the jobs: sbatch: error: invalid partition "
                                     "specified: shrt"));
  {
    Tool tool = cluster.run("slurm");
    ASSERT_TRUE(comes([&] { return tool.out().find("Passed") != std::string::npos; })) << tool.out();
    cluster.slurm({"scancel", "--user=root"});
    const Ended ended = tool.wait();
    EXPECT_EQ(ended.exit_code, 3) << ended.out << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("was cancelled by a user or an administrator [K1008]"));
    EXPECT_THAT(ended.out, HasSubstr("3 cases: 1 passed, 2 errored"));
  }
  Tool tool = cluster.run("slurm");
  ASSERT_TRUE(comes([&] { return tool.out().find("Passed") != std::string::npos; })) << tool.out();
  tool.signal(SIGINT);
  const Ended ended = tool.wait();
  EXPECT_EQ(ended.exit_code, 130) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("1 passed, 2 not run, interrupted"));
  EXPECT_FALSE(cluster.has_jobs("PENDING,RUNNING,COMPLETING,CONFIGURING"));
  expect_clear_error_of_full_disk(cluster);
}

}  // namespace
}  // namespace kmodtest::e2e
