// SPDX-License-Identifier: GPL-2.0-or-later
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "vm/guest.hpp"
#include "vm/topology.hpp"

namespace kmodtest::vm {
namespace {

GuestSpec small_spec() {
  GuestSpec spec;
  spec.kernel_image = "/k/vmlinuz";
  spec.initramfs = "/k/initramfs";
  spec.kernel_digest = "aa";
  spec.initramfs_digest = "bb";
  return spec;
}

std::string refusal(const GuestSpec &spec) {
  try {
    check(spec);
  } catch (const base::UsageError &error) {
    return error.what();
  }
  return "";
}

TEST(Hash, IsTheSameForTheSameSpec) {
  EXPECT_EQ(hash(small_spec(), "10.0.2"), hash(small_spec(), "10.0.2"));
  EXPECT_EQ(hash(small_spec(), "10.0.2").size(), 32u);
}

TEST(Hash, NamesWhatTheGuestIsAndNotWhereItsFilesLie) {
  GuestSpec moved = small_spec();
  moved.kernel_image = "/elsewhere/vmlinuz";
  moved.initramfs = "/elsewhere/initramfs";
  EXPECT_EQ(hash(moved, "10.0.2"), hash(small_spec(), "10.0.2"));
}

TEST(Hash, TakesDefaultsForWhatTheyMean) {
  GuestSpec spelled_out = small_spec();
  spelled_out.sockets = spelled_out.cores = spelled_out.threads = 1;
  EXPECT_EQ(hash(spelled_out, "10.0.2"), hash(small_spec(), "10.0.2"));
}

TEST(Hash, ChangesWithEverythingThatMakesAnotherGuest) {
  std::map<std::string, std::string> seen{{hash(small_spec(), "10.0.2"), "itself"}};
  const auto expect_new = [&](const std::string &what, const std::function<void(GuestSpec &)> &change) {
    GuestSpec spec = small_spec();
    spec.cpus = 4;
    change(spec);
    const auto [at, is_new] = seen.emplace(hash(spec, "10.0.2"), what);
    EXPECT_TRUE(is_new) << what << " gives the hash of " << at->second;
  };
  expect_new("cpus", [](GuestSpec &) {});
  expect_new("kernel", [](GuestSpec &s) { s.kernel_digest = "ab"; });
  expect_new("initramfs", [](GuestSpec &s) { s.initramfs_digest = "bc"; });
  expect_new("append", [](GuestSpec &s) { s.append = "nosmp"; });
  expect_new("sockets", [](GuestSpec &s) { s.sockets = 2; });
  expect_new("threads", [](GuestSpec &s) { s.threads = 2; });
  expect_new("memory", [](GuestSpec &s) { s.memory_mib = 512; });
  expect_new("numa", [](GuestSpec &s) { s.numa = {{"0-1", 128}, {"2-3", 128}}; });
  expect_new("numa cpus", [](GuestSpec &s) { s.numa = {{"0,2", 128}, {"1,3", 128}}; });
  expect_new("numa memory", [](GuestSpec &s) { s.numa = {{"0-1", 64}, {"2-3", 192}}; });
  expect_new("channel", [](GuestSpec &s) { s.channel = ChannelKind::serial; });
  expect_new("accelerator", [](GuestSpec &s) { s.accelerator = Accelerator::kvm; });
  EXPECT_NE(hash(small_spec(), "10.0.2"), hash(small_spec(), "10.0.3"));
}

TEST(Hash, ASnapshotUnderKvmBelongsToItsCpu) {
  GuestSpec spec = small_spec();
  spec.accelerator = Accelerator::tcg;
  EXPECT_EQ(hash(spec, "10.0.2", {}, "with avx2"), hash(spec, "10.0.2", {}, "without"));
  spec.accelerator = Accelerator::kvm;
  EXPECT_NE(hash(spec, "10.0.2", {}, "with avx2"), hash(spec, "10.0.2", {}, "without"));
}

TEST(Hash, TheLibraryInQemuMakesOtherSnapshotsOfGuestsUnderVirtualTime) {
  GuestSpec spec = small_spec();
  spec.channel = ChannelKind::memory;
  for (const Clock clock : {Clock::virtual_, Clock::real}) {
    spec.clock = clock;
    const std::set<std::string> keys{hash(spec, "10.0.2"),
                                     hash(spec, "10.0.2", {.memory_apart = true, .long_pause = false}),
                                     hash(spec, "10.0.2", {.memory_apart = false, .long_pause = true}),
                                     hash(spec, "10.0.2", {.memory_apart = true, .long_pause = true})};
    EXPECT_EQ(keys.size(), clock == Clock::virtual_ ? 4u : 1u);
  }
}

TEST(CommandLine, SaysWhereTheAgentFindsItsChannel) {
  EXPECT_EQ(kernel_command_line(small_spec()),
            "console=ttyS0 loglevel=5 printk.devkmsg=on no_timer_check tsc=reliable random.trust_cpu=on "
            "cryptomgr.notests slab_nomerge panic=-1 kmodtest.channel=virtio mitigations=off");
  GuestSpec serial = small_spec();
  serial.channel = ChannelKind::serial;
  EXPECT_TRUE(kernel_command_line(serial).ends_with(" kmodtest.channel=ttyS1 mitigations=off"));
}

TEST(CommandLine, VirtualTimeKeepsTheTicksOfTheCpusApart) {
  GuestSpec spec = small_spec();
  spec.channel = ChannelKind::memory;
  spec.clock = Clock::virtual_;
  EXPECT_NE(kernel_command_line(spec).find(" kmodtest.clock=virtual skew_tick=1 "), std::string::npos);
}

TEST(CommandLine, EndsWithTheUsersWordsSoThatTheyWin) {
  GuestSpec spec = small_spec();
  spec.append = "loglevel=8 nosmp";
  EXPECT_TRUE(kernel_command_line(spec).ends_with(" kmodtest.channel=virtio mitigations=off loglevel=8 nosmp"));
}

TEST(CommandLine, LetsTheKernelSpeakOfStallsEarlyUnderVirtualTimeAlone) {
  GuestSpec spec = small_spec();
  spec.channel = ChannelKind::memory;
  EXPECT_EQ(kernel_command_line(spec).find("watchdog_thresh"), std::string::npos);
  spec.clock = Clock::virtual_;
  spec.cpus = 4;
  EXPECT_TRUE(kernel_command_line(spec).ends_with(
      " kmodtest.channel=memory kmodtest.clock=virtual skew_tick=1 sysctl.kernel.watchdog_thresh=10 "
      "rcupdate.rcu_cpu_stall_timeout=21 sysctl.kernel.hung_task_timeout_secs=120 "
      "sysctl.kernel.hung_task_check_interval_secs=5 sysctl.kernel.hung_task_warnings=-1 mitigations=off"))
      << kernel_command_line(spec);
  spec.cpus = 64;
  EXPECT_NE(kernel_command_line(spec).find(" sysctl.kernel.watchdog_thresh=18 rcupdate.rcu_cpu_stall_timeout=37 "),
            std::string::npos);
}

TEST(TopologyOf, FillsTheGaps) {
  const auto topology = [](int cpus, int sockets, int cores, int threads) {
    GuestSpec spec;
    spec.cpus = cpus;
    spec.sockets = sockets;
    spec.cores = cores;
    spec.threads = threads;
    return topology_of(spec);
  };
  EXPECT_EQ(topology(1, 0, 0, 0), (Topology{1, 1, 1}));
  EXPECT_EQ(topology(6, 0, 0, 0), (Topology{1, 6, 1}));
  EXPECT_EQ(topology(8, 2, 0, 2), (Topology{2, 2, 2}));
  EXPECT_EQ(topology(8, 0, 2, 0), (Topology{4, 2, 1}));
  EXPECT_EQ(topology(64, 4, 8, 2), (Topology{4, 8, 2}));
}

TEST(TopologyOf, RefusesWhatDoesNotMultiply) {
  GuestSpec spec = small_spec();
  spec.cpus = 6;
  spec.sockets = 2;
  spec.cores = 2;
  spec.threads = 1;
  EXPECT_EQ(refusal(spec), "6 CPUs cannot be 2 sockets × 2 cores × 1 thread");
  spec.cpus = 1;
  spec.sockets = 0;
  spec.cores = 0;
  spec.threads = 2;
  EXPECT_EQ(refusal(spec), "1 CPU cannot be 1 socket × 1 core × 2 threads");
}

TEST(Check, KeepsCpusAndMemoryWithinBounds) {
  GuestSpec spec = small_spec();
  EXPECT_EQ(refusal(spec), "");
  spec.cpus = 0;
  EXPECT_EQ(refusal(spec), "a guest cannot have 0 CPUs");
  spec.cpus = 65;
  EXPECT_EQ(refusal(spec), "a guest cannot have 65 CPUs");
  spec.cpus = 64;
  EXPECT_EQ(refusal(spec), "");
  spec.memory_mib = 63;
  EXPECT_EQ(refusal(spec), "a guest cannot have 63 MiB of memory");
  spec.memory_mib = 256;
  spec.cores = -1;
  EXPECT_EQ(refusal(spec), "sockets, cores and threads cannot be negative");
}

TEST(Check, WantsEachCpuInOneNode) {
  GuestSpec spec = small_spec();
  spec.cpus = 4;
  const auto with = [&](std::vector<NumaCell> cells) {
    spec.numa = std::move(cells);
    return refusal(spec);
  };
  EXPECT_EQ(with({{"0-1", 128}, {"2,3", 128}}), "");
  EXPECT_EQ(with({{"0-3", 128}, {"", 128}}), "");
  EXPECT_EQ(with({{"0-2", 128}, {"2-3", 128}}), "CPU 2 is in NUMA nodes 0 and 1");
  EXPECT_EQ(with({{"0-1", 128}, {"3", 128}}), "CPU 2 is in no NUMA node");
  EXPECT_EQ(with({{"0-1", 128}, {"2-4", 128}}), "NUMA node 1 names CPU 4, but the guest has 4 CPUs");
  EXPECT_EQ(with({{"0-x", 256}}), "NUMA node has an invalid CPU list: '0-x'");
  EXPECT_EQ(with({{"3-0", 256}}), "NUMA node has an invalid CPU list: '3-0'");
  EXPECT_EQ(with({{"0-99999999", 256}}), "NUMA node has an invalid CPU list: '0-99999999'");
}

TEST(Check, WantsTheNodesMemoryToSumUp) {
  GuestSpec spec = small_spec();
  spec.cpus = 2;
  spec.numa = {{"0", 128}, {"1", 64}};
  EXPECT_EQ(refusal(spec), "the NUMA nodes have 192 MiB together, but the guest has 256 MiB");
  spec.numa = {{"0", 256}, {"1", 0}};
  EXPECT_EQ(refusal(spec), "NUMA node 1 has no memory");
}

TEST(GuestSpec, ItsNodesCanHaveUnequalShares) {
  GuestSpec spec = small_spec();
  spec.cpus = 7;
  spec.memory_mib = 1000;
  spec.numa = {{"0-2", 334}, {"3-4", 333}, {"5-6", 333}};
  EXPECT_EQ(refusal(spec), "");
}

}  // namespace
}  // namespace kmodtest::vm
