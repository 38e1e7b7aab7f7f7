// SPDX-License-Identifier: GPL-2.0-or-later

/// Guests on the real QEMU and libvirt through framework/vm itself: properties that no run of the tool shows.
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <memory>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "agent/session.hpp"
#include "base/descriptor.hpp"
#include "kernel/boot/vmlinux.hpp"
#include "kernel/kernel.hpp"
#include "storage/cache_folder.hpp"
#include "storage/files.hpp"
#include "support/scratch_folder.hpp"
#include "vm/guest.hpp"
#include "vm/process.hpp"
#include "vm/run_root.hpp"
#include "vm/topology.hpp"

namespace kmodtest::vm {
namespace {

namespace asio = base::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char *kSchema = "/usr/share/libvirt/schemas/domain.rng";

class OnRealQemu : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path cache = storage::cache_folder();
    kernel::KernelStore store(kernel::read_catalogue(storage::data_folder() / "kernels.yaml"), cache,
                              base::ignored_notices());
    const kernel::Kernel chosen = store.resolve(store.default_entry().name);
    spec_.kernel_image = kernel::bootable_image_for(chosen, cache);
    spec_.initramfs = kernel::initramfs_for(chosen, cache);
    options_.cache = cache;
    options_.allow_kvm = false;
  }

  void run(base::Task<> task) {
    std::exception_ptr failure;
    asio::co_spawn(io_, std::move(task), [&](std::exception_ptr error) {
      failure = error;
      io_.stop();
    });
    io_.restart();
    io_.run();
    if (failure) std::rethrow_exception(failure);
  }

  asio::io_context io_;
  HypervisorOptions options_;
  GuestSpec spec_;
};

struct Booted {
  wire::AgentInfo info;
  std::string xml;
  int pid = 0;
};

base::Task<bool> comes_up(Guest &guest, wire::AgentInfo *info) {
  base::UnixSocket socket = co_await guest.open_channel();
  agent::Session session(std::move(socket));
  try {
    *info = co_await session.ready(30s);
    co_return true;
  } catch (const agent::SessionError &error) {
    if (error.kind() != agent::SessionError::Kind::timeout) throw;
  }
  co_return false;
}

/// Boots again if nothing arrives: a rare boot under TCG is silent for minutes, whatever is booted. run/case_runner
/// does this too.
base::Task<> boot(Hypervisor &hypervisor, GuestSpec spec, Booted *booted) {
  bool up = false;
  for (int attempt = 0; attempt < 2 && !up; ++attempt) {
    std::string name = "boot";
    GuestSpec same = spec;
    const auto guest = co_await hypervisor.start(std::move(same), std::move(name));
    booted->pid = guest->qemu_pid();
    booted->xml = guest->xml();
    up = co_await comes_up(*guest, &booted->info);
    co_await guest->stop();
  }
  EXPECT_TRUE(up) << "two boots fell silent";
}

TEST_F(OnRealQemu, AGuestSeesItsTopologyAndItsNodes) {
  spec_.cpus = 4;
  spec_.sockets = 2;
  spec_.cores = 1;
  spec_.threads = 2;
  spec_.numa = {{"0-1", 96}, {"2-3", 160}};
  fs::path root;
  Booted booted;
  {
    const auto hypervisor = open_hypervisor(io_, options_);
    root = RunRoot::open()->path();
    run(boot(*hypervisor, spec_, &booted));
  }
  EXPECT_EQ(booted.info.cpus_online, "0-3");
  ASSERT_EQ(booted.info.nodes.size(), 2u);
  EXPECT_EQ(booted.info.nodes[0].cpus, "0-1");
  EXPECT_EQ(booted.info.nodes[1].cpus, "2-3");
  EXPECT_LT(booted.info.nodes[0].memory_kib, 96u << 10);
  EXPECT_GT(booted.info.nodes[1].memory_kib, 96u << 10);
  EXPECT_NE(booted.xml.find("threads=\"2\""), std::string::npos) << booted.xml;
  EXPECT_GT(booted.pid, 0);
  EXPECT_FALSE(process_stat(booted.pid)) << "QEMU is still there";
  EXPECT_FALSE(fs::exists(root)) << "the root is still there";
}

/// Runs in a process of its own, started by the test below: libvirt keeps what it knows for the life of a process.
TEST_F(OnRealQemu, DISABLED_AGuestComesAndGoes) {
  options_.cache = std::getenv("KMODTEST_CAPABILITIES");
  const auto hypervisor = open_hypervisor(io_, options_);
  const auto come_and_go = [](Hypervisor &libvirt, GuestSpec spec) -> base::Task<> {
    std::string name = "caps";
    const auto guest = co_await libvirt.start(std::move(spec), std::move(name));
    co_await guest->stop();
  };
  run(come_and_go(*hypervisor, spec_));
}

TEST_F(OnRealQemu, WhatLibvirtFindsOutAnewIsRemembered) {
  const support::ScratchFolder cache;
  const std::string command = "KMODTEST_CAPABILITIES=" + cache.path().string() + " " +
                              fs::read_symlink("/proc/self/exe").string() +
                              " --gtest_also_run_disabled_tests --gtest_filter='*AGuestComesAndGoes' >/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::vector<fs::path> known;
  for (const auto &entry : fs::recursive_directory_iterator(cache.path() / "libvirt")) {
    if (entry.path().extension() == ".xml") known.push_back(entry.path());
  }
  ASSERT_EQ(known.size(), 1u);
  // Like after an update of libvirt or of the host's kernel: the file is outdated, and QEMU is probed again.
  std::ofstream(known[0]) << "<qemuCaps>\n  <qemuctime>1</qemuctime>\n</qemuCaps>\n";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_GT(fs::file_size(known[0]), 1000u) << "each run would query QEMU again";
  EXPECT_EQ(storage::read_whole_file(known[0]).find("cpu-unavailable-features"), std::string::npos);
  // Nothing that was left out is probed again.
  const auto found_out = fs::last_write_time(known[0]);
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(fs::last_write_time(known[0]), found_out);
}

TEST_F(OnRealQemu, TwoGuestsAtOnceGoWithTheirObjects) {
  const auto hypervisor = open_hypervisor(io_, options_);
  std::vector<int> pids;
  const auto both = [](Hypervisor &libvirt, GuestSpec spec, std::vector<int> *found) -> base::Task<> {
    std::vector<std::unique_ptr<Guest>> guests;
    for (int i = 0; i < 2; ++i) {
      GuestSpec same = spec;
      std::string name = "same name";
      guests.push_back(co_await libvirt.start(std::move(same), std::move(name)));
      found->push_back(guests.back()->qemu_pid());
    }
    for (const auto &guest : guests) {
      base::UnixSocket socket = co_await guest->open_channel();
      agent::Session session(std::move(socket));
      const wire::AgentInfo info = co_await session.ready(60s);
      EXPECT_EQ(info.cpus_online, "0");
      EXPECT_EQ(guest->state(), GuestState::running);
    }
  };
  run(both(*hypervisor, spec_, &pids));
  ASSERT_EQ(pids.size(), 2u);
  EXPECT_NE(pids[0], pids[1]);
  for (const int pid : pids) EXPECT_FALSE(process_stat(pid)) << "QEMU is still there";
}

base::Task<> wait_for_end(Hypervisor &hypervisor, GuestSpec spec, bool kill_qemu, GuestState *state,
                          std::string *console) {
  std::string name = "ends";
  const auto guest = co_await hypervisor.start(std::move(spec), std::move(name));
  asio::steady_timer changed(co_await asio::this_coro::executor, 60s);
  guest->on_state_change([&](GuestState to) {
    *state = to;
    changed.cancel();
  });
  if (kill_qemu) ::kill(guest->qemu_pid(), SIGKILL);
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  if (guest->state() == GuestState::running) co_await changed.async_wait(token);
  EXPECT_EQ(guest->state(), *state);
  *console = guest->console();
  co_await guest->stop();
  EXPECT_EQ(guest->console(), *console) << "the console outlives the machine";
}

TEST_F(OnRealQemu, APanicIsACrashAndItsConsoleIsKept) {
  const auto hypervisor = open_hypervisor(io_, options_);
  spec_.append = "rdinit=/no-such-init init=/no-such-init";
  GuestState state = GuestState::running;
  std::string console;
  run(wait_for_end(*hypervisor, spec_, false, &state, &console));
  EXPECT_EQ(state, GuestState::crashed);
  EXPECT_NE(console.find("Kernel panic - not syncing"), std::string::npos) << console;
}

TEST_F(OnRealQemu, AKilledQemuIsAStoppedGuest) {
  const auto hypervisor = open_hypervisor(io_, options_);
  GuestState state = GuestState::running;
  std::string console;
  run(wait_for_end(*hypervisor, spec_, true, &state, &console));
  EXPECT_EQ(state, GuestState::stopped);
}

base::Task<> start_and_look(Hypervisor &hypervisor, GuestSpec spec, std::string *maps) {
  std::string name = "turns";
  const auto guest = co_await hypervisor.start(std::move(spec), std::move(name));
  *maps = read_process_file(guest->qemu_pid(), "maps");
  co_await guest->stop();
}

TEST_F(OnRealQemu, TakesTurnsUnderVirtualTimeOnly) {
  const auto hypervisor = open_hypervisor(io_, options_);
  spec_.channel = ChannelKind::memory;
  std::string maps;
  run(start_and_look(*hypervisor, spec_, &maps));
  // In a container, root cannot read what another user's process maps (CAP_SYS_PTRACE).
  if (maps.empty()) GTEST_SKIP() << "may not read the maps of QEMU";
  EXPECT_NE(maps.find("qemu-system"), std::string::npos) << maps;
  EXPECT_EQ(maps.find("libkmodtest-gate.so"), std::string::npos) << maps;
  spec_.clock = Clock::virtual_;
  run(start_and_look(*hypervisor, spec_, &maps));
  EXPECT_NE(maps.find("libkmodtest-gate.so"), std::string::npos) << maps;
}

base::Task<> start_and_read_words(Hypervisor &hypervisor, GuestSpec spec, std::string *words) {
  std::string name = "ring";
  const auto guest = co_await hypervisor.start(std::move(spec), std::move(name));
  *words = command_line(guest->qemu_pid());
  co_await guest->stop();
}

bool has_io_uring() {
  io_uring_params parameters{};
  const base::Descriptor ring(static_cast<int>(::syscall(SYS_io_uring_setup, 128, &parameters)));
  return static_cast<bool>(ring);
}

/// Forbids io_uring, as many containers do.
void forbid_io_uring() {
  sock_filter refuse[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{std::size(refuse), refuse};
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

/// Runs here with io_uring if the kernel allows it to everyone, and by the test below in a process that may not use it.
TEST_F(OnRealQemu, ReadsItsImagesByIoUringWhereItMay) {
  if (std::getenv("KMODTEST_FORBID") != nullptr) forbid_io_uring();
  const bool allowed = has_io_uring();
  const auto hypervisor = open_hypervisor(io_, options_);
  spec_.channel = ChannelKind::memory;
  std::string words;
  run(start_and_read_words(*hypervisor, spec_, &words));
  EXPECT_EQ(words.find(".aio=io_uring") != std::string::npos, allowed) << words;
  EXPECT_EQ(words.find(".aio=threads") != std::string::npos, !allowed) << words;
}

TEST_F(OnRealQemu, ReadsItsImagesByThreadsWhereIoUringIsForbidden) {
  const std::string command = "KMODTEST_FORBID=1 " + fs::read_symlink("/proc/self/exe").string() +
                              " --gtest_filter=OnRealQemu.ReadsItsImagesByIoUringWhereItMay";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(OnRealQemu, TheXmlIsValidAgainstLibvirtsSchema) {
  if (!fs::exists(kSchema)) GTEST_SKIP() << kSchema << " is not installed";
  if (std::system("xmllint --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "xmllint is not installed";
  const fs::path file = fs::temp_directory_path() / ("kmodtest-domain-" + std::to_string(::getpid()) + ".xml");
  const GuestFiles files{.folder = "/r/g1",
                         .console = "/r/g1/console",
                         .channel = "/r/g1/agent",
                         .memory = "/r/g1/memory",
                         .state = "/r/g1/state.qcow2",
                         .saved = {},
                         .saved_memory = {},
                         .memory_to = {},
                         .schedule = {},
                         .coverage = {},
                         .races = {},
                         .long_pause = false,
                         .main_loop_gate = {},
                         .controller_pid = 4711};
  spec_.cpus = 4;
  for (const ChannelKind channel : {ChannelKind::memory, ChannelKind::virtio, ChannelKind::serial}) {
    for (const Accelerator accelerator : {Accelerator::tcg, Accelerator::kvm}) {
      for (const int nodes : {0, 2}) {
        spec_.numa.clear();
        spec_.channel = channel;
        spec_.accelerator = accelerator;
        if (nodes == 2) spec_.numa = {{"0-1", spec_.memory_mib / 2}, {"2-3", spec_.memory_mib / 2}};
        const std::string xml = domain_xml(spec_, "valid", files, "/usr/libexec/kmodtest/kmodtest-qemu");
        std::ofstream(file) << xml;
        const std::string command = std::string("xmllint --noout --relaxng ") + kSchema + " " + file.string() + " 2>&1";
        EXPECT_EQ(std::system(command.c_str()), 0) << xml;
      }
    }
  }
  fs::remove(file);
}

}  // namespace
}  // namespace kmodtest::vm
