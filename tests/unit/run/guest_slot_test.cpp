// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/guest_slot.hpp"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "support/fake_hypervisor.hpp"
#include "support/recorded_notices.hpp"

namespace kmodtest::run {
namespace {

namespace asio = base::asio;
using namespace std::chrono_literals;

class GuestSlotTest : public ::testing::Test {
 protected:
  GuestSlotTest() {
    std::string name = "/tmp/kmt-slot-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    store_.emplace(folder_ / "snapshots", 1u << 30, notices_);
  }
  ~GuestSlotTest() override { std::filesystem::remove_all(folder_); }

  static vm::GuestSpec spec_of(int cpus) {
    vm::GuestSpec spec;
    spec.kernel_image = "/k/vmlinuz";
    spec.cpus = cpus;
    spec.channel = vm::ChannelKind::memory;
    spec.clock = vm::Clock::virtual_;
    return spec;
  }
  GuestSlot slot(bool with_store = true) {
    return {hypervisor_, {with_store ? &*store_ : nullptr, &threads_, &notices_}, cancellation_};
  }
  /// Asks for a pristine guest; returns true if there is one.
  bool ask(GuestSlot &slot, int cpus) {
    return ask(slot, cpus, [](vm::Guest &) {});
  }
  bool ask(GuestSlot &slot, int cpus, const std::function<void(vm::Guest &)> &use) {
    bool found = false;
    std::exception_ptr thrown;
    timings_ = {};
    asio::co_spawn(
        io_,
        [&]() -> base::Task<> {
          vm::GuestSpec spec = spec_of(cpus);
          std::string name = "w0";
          std::string description = "a guest";
          Progress progress = [this](Phase, const std::string &what) { progress_.push_back(what); };
          Pristine pristine = co_await slot.pristine(std::move(spec), std::move(name), std::move(description), 100ms,
                                                     std::move(progress), timings_);
          found = pristine.guest != nullptr;
          failure_ = pristine.failure;
          if (found) use(*pristine.guest);
        },
        [&](std::exception_ptr problem) { thrown = problem; });
    io_.restart();
    io_.run();
    if (thrown) std::rethrow_exception(thrown);
    return found;
  }
  void get_ready(GuestSlot &slot) {
    asio::co_spawn(
        io_, [&]() { return slot.get_ready(); },
        [](const std::exception_ptr &problem) { EXPECT_EQ(problem, nullptr); });
    io_.restart();
    io_.run();
  }
  std::size_t machines() const { return hypervisor_.machines().size(); }

  std::filesystem::path folder_;
  asio::io_context io_;
  asio::thread_pool threads_{1};
  support::FakeHypervisor hypervisor_{support::say_ready};
  Cancellation cancellation_;
  std::optional<vm::SnapshotStore> store_;
  support::RecordedNotices notices_;
  std::vector<std::string> progress_;
  std::optional<BootFailure> failure_;
  outcome::Timings timings_;
};

TEST_F(GuestSlotTest, BootsOnceAndRestoresEverAfter) {
  GuestSlot first = slot();
  ASSERT_TRUE(ask(first, 2));
  ASSERT_EQ(machines(), 2u);  // one that booted and was saved, one that was started from its snapshot
  EXPECT_FALSE(hypervisor_.machines()[0]->saved);
  EXPECT_TRUE(hypervisor_.machines()[0]->stopped);
  EXPECT_TRUE(hypervisor_.machines()[1]->saved);
  EXPECT_EQ(hypervisor_.machines()[1]->restored, 1);
  EXPECT_EQ(store_->list().size(), 1u);
  EXPECT_EQ(store_->list()[0].description, "a guest");

  ASSERT_TRUE(ask(first, 2));
  EXPECT_EQ(machines(), 2u);
  EXPECT_EQ(hypervisor_.machines()[1]->restored, 2);

  GuestSlot second = slot();
  ASSERT_TRUE(ask(second, 2));
  ASSERT_EQ(machines(), 3u);
  EXPECT_TRUE(hypervisor_.machines()[2]->saved);
}

TEST_F(GuestSlotTest, AnotherSpecIsAnotherGuest) {
  GuestSlot own = slot();
  ASSERT_TRUE(ask(own, 1));
  const std::string key = own.key();
  ASSERT_TRUE(ask(own, 2));
  EXPECT_NE(own.key(), key);
  EXPECT_EQ(store_->list().size(), 2u);
  EXPECT_EQ(hypervisor_.running(), 1);
}

TEST_F(GuestSlotTest, AGuestThatHungOrWhoseQemuEndedIsReplaced) {
  GuestSlot own = slot();
  ASSERT_TRUE(ask(own, 1));
  own.distrust();
  ASSERT_TRUE(ask(own, 1));
  ASSERT_EQ(machines(), 3u);
  EXPECT_TRUE(hypervisor_.machines()[1]->stopped);
  hypervisor_.machines()[2]->refuse_to_restore("QEMU has ended");
  ASSERT_TRUE(ask(own, 1));
  ASSERT_EQ(machines(), 4u);
  EXPECT_TRUE(hypervisor_.machines()[3]->saved);
  EXPECT_EQ(hypervisor_.running(), 1);
}

TEST_F(GuestSlotTest, AGuestIsRestoredAheadOfItsCaseAndNotAgainForIt) {
  GuestSlot own = slot();
  ASSERT_TRUE(ask(own, 1));
  get_ready(own);
  EXPECT_EQ(hypervisor_.machines()[1]->restored, 2);
  get_ready(own);
  ASSERT_TRUE(ask(own, 1));
  EXPECT_EQ(hypervisor_.machines()[1]->restored, 2);
  ASSERT_TRUE(ask(own, 1));
  EXPECT_EQ(hypervisor_.machines()[1]->restored, 3) << "it was used by the case before";
}

TEST_F(GuestSlotTest, AGuestOfWhichNothingGoodIsKnownIsReplacedAhead) {
  GuestSlot own = slot();
  ASSERT_TRUE(ask(own, 1));
  own.distrust();
  get_ready(own);
  ASSERT_EQ(machines(), 3u);
  EXPECT_TRUE(hypervisor_.machines()[1]->stopped);
  ASSERT_TRUE(ask(own, 1));
  EXPECT_EQ(machines(), 3u);
  EXPECT_EQ(hypervisor_.machines()[2]->restored, 1);
}

TEST_F(GuestSlotTest, AGuestWhoseQemuEndedWhileItStoodReadyIsReplaced) {
  GuestSlot own = slot();
  ASSERT_TRUE(ask(own, 1));
  get_ready(own);
  hypervisor_.machines()[1]->change_state(vm::GuestState::stopped);
  hypervisor_.machines()[1]->refuse_to_restore("QEMU has ended");
  ASSERT_TRUE(ask(own, 1));
  EXPECT_EQ(machines(), 3u);
}

TEST_F(GuestSlotTest, AStateThatQemuRefusesIsMadeAgain) {
  GuestSlot own = slot();
  ASSERT_TRUE(ask(own, 1));
  ASSERT_TRUE(own.key().size() > 10);
  int refused = 0;
  hypervisor_.on_start([&](support::FakeMachine &machine) {
    if (machine.saved && refused++ < 2) machine.refuse_to_restore("Unknown savevm section");
  });
  GuestSlot other = slot();
  ASSERT_TRUE(ask(other, 1));
  EXPECT_FALSE(hypervisor_.machines()[machines() - 2]->saved);  // booted again
}

TEST_F(GuestSlotTest, AGuestThatCannotBeKeptIsBootedForEachCaseAndThatIsSaidOnce) {
  hypervisor_.on_start([&](support::FakeMachine &machine) {
    if (machine.saved) machine.refuse_to_restore("Unknown savevm section");
  });
  GuestSlot own = slot();
  ASSERT_TRUE(ask(own, 1));
  ASSERT_TRUE(ask(own, 1));
  EXPECT_FALSE(hypervisor_.machines().back()->saved);
  EXPECT_EQ(hypervisor_.running(), 1);
  EXPECT_EQ(notices_.said,
            (std::vector<std::string>{"a guest is booted for each of its cases, since it cannot be kept: QEMU "
                                      "cannot restore what it has just saved (LIBVIRT_LOG_OUTPUTS=1:stderr "
                                      "shows QEMU's messages)"}));
}

TEST_F(GuestSlotTest, AGuestThatDoesNotComeUpIsAFailureWithItsConsole) {
  support::FakeHypervisor silent;
  silent.on_start([](support::FakeMachine &machine) { machine.set_console("Kernel panic - not syncing: no init"); });
  GuestSlot own(silent, {&*store_, &threads_, &notices_}, cancellation_);
  EXPECT_FALSE(ask(own, 1));
  ASSERT_TRUE(failure_);
  EXPECT_EQ(failure_->ending.kind, judge::Ending::Kind::silent);
  EXPECT_EQ(failure_->console, "Kernel panic - not syncing: no init");
  EXPECT_EQ(silent.running(), 0);
  EXPECT_TRUE(store_->list().empty());
}

TEST_F(GuestSlotTest, WithoutAStoreEachCaseBoots) {
  GuestSlot own = slot(false);
  ASSERT_TRUE(ask(own, 1));
  ASSERT_TRUE(ask(own, 1));
  ASSERT_EQ(machines(), 2u);
  EXPECT_FALSE(hypervisor_.machines()[1]->saved);
  EXPECT_EQ(hypervisor_.running(), 1);
}

TEST_F(GuestSlotTest, AnInterruptedBootEndsItsGuest) {
  support::FakeHypervisor silent;
  silent.on_start([this](support::FakeMachine &) { asio::post(io_, [this] { cancellation_.cancel(); }); });
  GuestSlot own(silent, {&*store_, &threads_, &notices_}, cancellation_);
  EXPECT_FALSE(ask(own, 1));
  EXPECT_EQ(failure_->ending.kind, judge::Ending::Kind::stopped_early);
  EXPECT_EQ(silent.running(), 0);
}

}  // namespace
}  // namespace kmodtest::run
