// SPDX-License-Identifier: GPL-2.0-or-later

/// Guests on the real QEMU and libvirt. Needs KMODTEST_TEST_KERNEL (a bzImage or vmlinux) and KMODTEST_TEST_INITRAMFS
/// whose agent starts the channel with the bytes "KMT"; the program kmodtest-qemu has to lie beside this one.
#include <array>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <poll.h>
#include <signal.h>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "vm/accelerator.hpp"
#include "vm/guest.hpp"
#include "vm/process.hpp"
#include "vm/run_root.hpp"

namespace kmodtest::vm {
namespace {

namespace asio = base::asio;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point from) {
  return std::chrono::duration<double>(Clock::now() - from).count();
}

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value != nullptr ? value : "";
}

fs::path cache() {
  const std::string named = environment("KMODTEST_CACHE");
  const fs::path folder = named.empty() ? fs::temp_directory_path() / "kmodtest-vm-test-cache" : fs::path(named);
  fs::create_directories(folder);
  return folder;
}

GuestSpec test_spec(int cpus = 1) {
  GuestSpec spec;
  spec.kernel_image = environment("KMODTEST_TEST_KERNEL");
  spec.initramfs = environment("KMODTEST_TEST_INITRAMFS");
  spec.append = environment("KMODTEST_TEST_APPEND");
  spec.cpus = cpus;
  return spec;
}

base::Task<> first_bytes(base::UnixSocket &socket, std::string *bytes) {
  std::array<char, 3> buffer{};
  auto view = asio::buffer(buffer);
  auto token = asio::use_awaitable;
  co_await asio::async_read(socket, view, token);
  *bytes = std::string(buffer.data(), buffer.size());
}

void run(asio::io_context &io, base::Task<> task) {
  std::exception_ptr failure;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error) {
    failure = error;
    io.stop();
  });
  io.restart();
  io.run();
  if (failure) std::rethrow_exception(failure);
}

class OnRealQemu : public testing::Test {
 protected:
  void SetUp() override {
    if (environment("KMODTEST_TEST_KERNEL").empty() || environment("KMODTEST_TEST_INITRAMFS").empty()) {
      GTEST_SKIP() << "set KMODTEST_TEST_KERNEL and KMODTEST_TEST_INITRAMFS";
    }
  }

  HypervisorOptions options() const {
    HypervisorOptions chosen;
    chosen.cache = cache();
    if (const std::string uri = environment("KMODTEST_TEST_URI"); !uri.empty()) chosen.uri = uri;
    return chosen;
  }

  asio::io_context io_;
};

base::Task<> boot_and_stop(Hypervisor &hypervisor, GuestSpec spec, std::string *bytes, int *pid, std::string *xml) {
  const auto created = Clock::now();
  std::string name = "boot";
  const auto guest = co_await hypervisor.start(std::move(spec), std::move(name));
  const double create = seconds_since(created);
  *pid = guest->qemu_pid();
  *xml = guest->xml();
  base::UnixSocket socket = co_await guest->open_channel();
  const auto booted = Clock::now();
  co_await first_bytes(socket, bytes);
  const double boot = seconds_since(booted);
  const auto stopping = Clock::now();
  co_await guest->stop();
  std::printf("[ figures  ] create %.3f s, agent %.3f s later, stop %.3f s\n", create, boot, seconds_since(stopping));
}

class BootOnRealQemu : public OnRealQemu, public testing::WithParamInterface<int> {};

TEST_P(BootOnRealQemu, ReachesTheAgentAndLeavesNothing) {
  fs::path root;
  int pid = 0;
  {
    const auto hypervisor = open_hypervisor(io_, options());
    root = RunRoot::open()->path();
    std::string bytes;
    std::string xml;
    run(io_, boot_and_stop(*hypervisor, test_spec(GetParam()), &bytes, &pid, &xml));
    EXPECT_EQ(bytes, "KMT");
    EXPECT_NE(xml.find("org.kmodtest.agent.0"), std::string::npos);
    EXPECT_GT(pid, 0);
    EXPECT_FALSE(process_stat(pid)) << "QEMU is still there";
  }
  EXPECT_FALSE(fs::exists(root));
}

INSTANTIATE_TEST_SUITE_P(Cpus, BootOnRealQemu, testing::Values(1, 2, 4, 8));

TEST_F(OnRealQemu, BootsOverTheSerialLine) {
  const auto hypervisor = open_hypervisor(io_, options());
  GuestSpec spec = test_spec();
  spec.channel = ChannelKind::serial;
  std::string bytes;
  std::string xml;
  int pid = 0;
  run(io_, boot_and_stop(*hypervisor, spec, &bytes, &pid, &xml));
  EXPECT_EQ(bytes, "KMT");
}

TEST_F(OnRealQemu, RunsSeveralGuestsAtOnceAndStopsThemWithTheirObjects) {
  const auto hypervisor = open_hypervisor(io_, options());
  std::vector<int> pids;
  const auto both = [](Hypervisor &door, std::vector<int> *found) -> base::Task<> {
    std::vector<std::unique_ptr<Guest>> guests;
    for (int i = 0; i < 2; ++i) {
      GuestSpec spec = test_spec();
      std::string name = "same name";
      guests.push_back(co_await door.start(std::move(spec), std::move(name)));
      found->push_back(guests.back()->qemu_pid());
    }
    for (const auto &guest : guests) {
      base::UnixSocket socket = co_await guest->open_channel();
      std::string bytes;
      co_await first_bytes(socket, &bytes);
      EXPECT_EQ(bytes, "KMT");
      EXPECT_EQ(guest->state(), GuestState::running);
    }
  };
  run(io_, both(*hypervisor, &pids));
  ASSERT_EQ(pids.size(), 2u);
  EXPECT_NE(pids[0], pids[1]);
  for (const int pid : pids) EXPECT_FALSE(process_stat(pid));
}

base::Task<> wait_for_end(Hypervisor &hypervisor, GuestSpec spec, bool kill_qemu, GuestState *state,
                          std::string *console) {
  std::string name = "ends";
  const auto guest = co_await hypervisor.start(std::move(spec), std::move(name));
  asio::steady_timer changed(co_await asio::this_coro::executor, std::chrono::seconds(60));
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

TEST_F(OnRealQemu, TellsThatAGuestPanickedAndKeepsItsConsole) {
  const auto hypervisor = open_hypervisor(io_, options());
  GuestSpec spec = test_spec();
  spec.append += " rdinit=/no-such-init init=/no-such-init";
  GuestState state = GuestState::running;
  std::string console;
  run(io_, wait_for_end(*hypervisor, spec, false, &state, &console));
  EXPECT_EQ(state, GuestState::crashed);
  EXPECT_NE(console.find("Kernel panic - not syncing"), std::string::npos);
}

TEST_F(OnRealQemu, TellsThatItsQemuWasKilled) {
  const auto hypervisor = open_hypervisor(io_, options());
  GuestState state = GuestState::running;
  std::string console;
  run(io_, wait_for_end(*hypervisor, test_spec(), true, &state, &console));
  EXPECT_EQ(state, GuestState::stopped);
}

/// The controller that is going to be killed: this program once more, since a fork of one that has libvirt's embedded
/// driver open cannot open another.
TEST_F(OnRealQemu, PlaysTheControllerThatIsKilled) {
  const std::string pipe = environment("KMODTEST_TEST_PIPE");
  if (pipe.empty()) GTEST_SKIP() << "only in the child of NoQemuOutlivesAControllerThatIsKilled";
  const auto hypervisor = open_hypervisor(io_, options());
  const auto stay = [](Hypervisor &door, int to) -> base::Task<> {
    GuestSpec spec = test_spec();
    std::string name = "orphan";
    const auto guest = co_await door.start(std::move(spec), std::move(name));
    const int pid = guest->qemu_pid();
    EXPECT_EQ(::write(to, &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    auto token = asio::use_awaitable;
    co_await timer.async_wait(token);
  };
  run(io_, stay(*hypervisor, std::stoi(pipe)));
}

TEST_F(OnRealQemu, NoQemuOutlivesAControllerThatIsKilled) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t controller = ::fork();
  ASSERT_GE(controller, 0);
  if (controller == 0) {
    ::setenv("KMODTEST_TEST_PIPE", std::to_string(pipe[1]).c_str(), 1);
    ::execl("/proc/self/exe", "controller", "--gtest_filter=*PlaysTheControllerThatIsKilled", nullptr);
    ::_exit(127);
  }
  ::close(pipe[1]);
  int qemu = 0;
  ASSERT_EQ(::read(pipe[0], &qemu, sizeof qemu), static_cast<ssize_t>(sizeof qemu));
  ::close(pipe[0]);
  ASSERT_TRUE(process_stat(qemu));
  const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, qemu, 0));
  ASSERT_GE(descriptor, 0);
  ::kill(controller, SIGKILL);
  ::waitpid(controller, nullptr, 0);
  pollfd gone{descriptor, POLLIN, 0};
  EXPECT_EQ(::poll(&gone, 1, 5000), 1) << "QEMU " << qemu << " still runs";
  ::close(descriptor);
  const fs::path left = runs_folder();
  EXPECT_GE(sweep_stale_roots(left), 1) << "the dead controller's folder was not there";
}

TEST_F(OnRealQemu, ChoosesAnAcceleratorAndRemembersWhy) {
  const auto hypervisor = open_hypervisor(io_, options());
  std::vector<std::string> said;
  Accelerator first = Accelerator::kvm;
  Accelerator second = Accelerator::tcg;
  double again = 0;
  const auto choose = [](Hypervisor &door, std::vector<std::string> *words, Accelerator *one, Accelerator *two,
                         double *time) -> base::Task<> {
    const std::function<void(const std::string &)> say = [words](const std::string &text) { words->push_back(text); };
    const GuestSpec spec = test_spec();
    const fs::path folder = cache();
    *one = co_await choose_accelerator(door, spec, folder, say);
    const auto asked = Clock::now();
    *two = co_await choose_accelerator(door, spec, folder, say);
    *time = seconds_since(asked);
  };
  fs::remove_all(cache() / "accelerator");
  run(io_, choose(*hypervisor, &said, &first, &second, &again));
  EXPECT_EQ(first, second);
  EXPECT_LT(again, 0.5) << "the second answer comes from the cache";
  const bool tcg_in_spite_of_a_device = first == Accelerator::tcg && why_no_kvm_device().empty();
  EXPECT_EQ(said.size(), tcg_in_spite_of_a_device ? 2u : 0u);
  for (const std::string &text : said) std::printf("[ said     ] %s\n", text.c_str());
}

TEST_F(OnRealQemu, DescribesItself) {
  const auto hypervisor = open_hypervisor(io_, options());
  std::printf("[ describe ] %s\n", hypervisor->describe().c_str());
  EXPECT_TRUE(hypervisor->describe().starts_with("qemu:///"));
  EXPECT_NE(hypervisor->describe().find(hypervisor->qemu_version()), std::string::npos);
}

}  // namespace
}  // namespace kmodtest::vm
