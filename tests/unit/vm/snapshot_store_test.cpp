// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/snapshots/snapshot_store.hpp"

#include <algorithm>
#include <fcntl.h>
#include <future>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/descriptor.hpp"
#include "snapshot_fixture.hpp"
#include "text/size.hpp"

namespace kmodtest::vm {
namespace {

using Keys = std::vector<std::string>;

constexpr const char *kFolderHint = "set KMODTEST_CACHE to a folder that you can read and write to";
constexpr const char *kFullHint =
    "`kmodtest cache prune --limit SIZE` makes room, or set KMODTEST_CACHE to a folder on another disk";

TEST_F(SnapshotStoreTest, MemoryThatIsAFileOfItsOwnIsLentCopiedAndCheckedWithTheState) {
  SnapshotStore store = open();
  const StateFiles made{.state = scratch_.path() / "made", .memory = scratch_.path() / "memory"};
  write(made.state, "state");
  write(made.memory, "memory");
  store.keep("abc", made, {});
  const auto state = store.lend("abc");
  ASSERT_TRUE(state);
  EXPECT_EQ(whole(*state), "state");
  EXPECT_EQ(storage::read_whole_file("/proc/self/fd/" + std::to_string(state->memory_descriptor())), "memory");
  EXPECT_TRUE(state->is_sound());
  const StateFiles copy{.state = scratch_.path() / "copy", .memory = scratch_.path() / "memory-copy"};
  EXPECT_TRUE(state->copy_to(copy));
  EXPECT_EQ(storage::read_whole_file(copy.memory), "memory");
  EXPECT_EQ(store.list().at(0).memory->size_bytes, 6u);

  write(folder_ / "abc/memory", "memOry");
  const StateFiles again{.state = scratch_.path() / "again", .memory = scratch_.path() / "memory-again"};
  EXPECT_FALSE(state->copy_to(again));
  EXPECT_FALSE(fs::exists(again.state));
  EXPECT_FALSE(fs::exists(again.memory));
  EXPECT_FALSE(state->is_sound());
  EXPECT_FALSE(store.lend("abc")) << "it was removed";
  EXPECT_EQ(notices_.said, Keys{"snapshot abc is damaged (checksum differs): it is made again"});
}

TEST_F(SnapshotStoreTest, MissingOrTruncatedMemoryIsSeenAtFirstSight) {
  SnapshotStore store = open();
  for (const char *key : {"a", "b"}) {
    const StateFiles made{.state = scratch_.path() / "made", .memory = scratch_.path() / "memory"};
    write(made.state, "state");
    write(made.memory, "memory");
    store.keep(key, made, {});
  }
  fs::remove(folder_ / "a/memory");
  fs::resize_file(folder_ / "b/memory", 5);
  EXPECT_FALSE(store.lend("a"));
  EXPECT_FALSE(store.lend("b"));
  EXPECT_EQ(notices_.said, (Keys{"snapshot a is damaged (memory is missing): it is made again",
                                 "snapshot b is damaged (memory has 5 bytes instead of 6): it is made again"}));
}

TEST_F(SnapshotStoreTest, StateWithoutMemoryLendsNone) {
  SnapshotStore store = open();
  keep(store, "abc", "state");
  EXPECT_EQ(store.lend("abc")->memory_descriptor(), -1);
}

TEST_F(SnapshotStoreTest, GivesBackWhatItKept) {
  auto store = open();
  const auto before = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  keep(store, "abc123", "bytes of a guest");
  const fs::path to = scratch_.path() / "to";
  write(to, "something longer that lies there already");
  ASSERT_TRUE(copy(store, "abc123", to));
  const auto listed = store.list();
  ASSERT_EQ(listed.size(), 1u);
  const SnapshotInfo *info = &listed.front();
  EXPECT_EQ(storage::read_whole_file(to), "bytes of a guest");
  EXPECT_EQ(fs::status(to).permissions(), fs::perms(0600));
  EXPECT_EQ(info->key, "abc123");
  EXPECT_EQ(info->description, "6.1, 4 CPUs");
  EXPECT_EQ(info->qemu_version, "10.0.2 (Debian)");
  EXPECT_EQ(info->state.size_bytes, 16u);
  EXPECT_EQ(info->state.checksum.size(), 32u);
  EXPECT_GT(info->disk_bytes, 0u);
  EXPECT_GE(info->made, before);
  EXPECT_GE(info->used, info->made);
  EXPECT_EQ(info->damage, "");
  EXPECT_EQ(names(), Keys{"abc123"});
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "abc123"), {}), 2);
  EXPECT_EQ(notices_.said, Keys{});
}

TEST_F(SnapshotStoreTest, LendsAStateWhereItLies) {
  auto store = open();
  keep(store, "abc", "bytes of a guest");
  used_at("abc", 1000);
  const auto state = store.lend("abc");
  ASSERT_TRUE(state);
  EXPECT_GT(store.list()[0].used, std::chrono::system_clock::now() - std::chrono::minutes(1));
  EXPECT_TRUE(fs::equivalent("/proc/self/fd/" + std::to_string(state->descriptor()), folder_ / "abc/state.qcow2"));
  EXPECT_TRUE(state->is_sound());
  store.clear();
  EXPECT_EQ(store.list().size(), 0u);
  EXPECT_TRUE(state->is_sound()) << "its owner keeps it";
  EXPECT_EQ(whole(*state), "bytes of a guest");
  const fs::path copy = scratch_.path() / "copy";
  EXPECT_TRUE(state->copy_to({copy, {}}));
  EXPECT_EQ(storage::read_whole_file(copy), "bytes of a guest");
  EXPECT_EQ(fs::status(copy).permissions(), fs::perms(0600));
  EXPECT_EQ(store.lend("abc"), nullptr);
  EXPECT_EQ(notices_.said, Keys{});
}

TEST_F(SnapshotStoreTest, WhatIsDamagedWhileItIsLentIsFoundOut) {
  auto store = open();
  keep(store, "abc", "bytes of a guest");
  const auto state = store.lend("abc");
  ASSERT_TRUE(state);
  write(folder_ / "abc/state.qcow2", "bytes of a ghost");
  EXPECT_FALSE(state->is_sound());
  EXPECT_EQ(store.list().size(), 0u) << "nobody else gets it";
  EXPECT_FALSE(state->copy_to({scratch_.path() / "copy", {}}));
  EXPECT_FALSE(fs::exists(scratch_.path() / "copy"));
  EXPECT_EQ(notices_.said, Keys{"snapshot abc is damaged (checksum differs): it is made again"});
}

TEST_F(SnapshotStoreTest, AnEmptyStoreIsNoError) {
  auto store = open();
  EXPECT_EQ(fetch(store, "abc"), "nothing");
  EXPECT_EQ(store.list().size(), 0u);
  EXPECT_EQ(store.prune(0), 0u);
  EXPECT_EQ(store.clear(), 0u);
  EXPECT_EQ(notices_.said, Keys{});
  EXPECT_THROW(store.lend("../abc"), std::invalid_argument);
}

TEST_F(SnapshotStoreTest, KeepsTheLastOneOfAKey) {
  auto store = open();
  keep(store, "abc", "first");
  keep(store, "abc", "second");
  EXPECT_EQ(fetch(store, "abc"), "second");
  fs::remove_all(folder_ / "abc");
  write(folder_ / "abc", "a file in its place");
  keep(store, "abc", "third");
  EXPECT_EQ(fetch(store, "abc"), "third");
  EXPECT_EQ(names(), Keys{"abc"});
}

TEST_F(SnapshotStoreTest, RemovesTheLeastRecentlyUsedAboveTheLimit) {
  auto store = open();
  for (const char *key : {"a", "b", "c", "d"}) keep(store, key, std::string(50'000, 'x'));
  const std::uint64_t each = store.list()[0].disk_bytes;
  ASSERT_GE(each, 50'000u);
  used_at("a", 4000);
  used_at("b", 1000);
  used_at("c", 3000);
  used_at("d", 2000);
  EXPECT_EQ(keys(store.list()), (Keys{"a", "c", "d", "b"}));
  EXPECT_EQ(store.prune(4 * each), 0u);
  EXPECT_EQ(store.prune(4 * each - 1), each);
  EXPECT_EQ(keys(store.list()), (Keys{"a", "c", "d"}));
  // A fetch counts as a use, and a snapshot that was just kept stays, however low the limit.
  EXPECT_EQ(fetch(store, "d"), std::string(50'000, 'x'));
  auto small = open(2 * each);
  keep(small, "e", std::string(50'000, 'x'));
  // Both were used within one tick of the clock for file times, so their order is random.
  Keys left = keys(small.list());
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (Keys{"d", "e"}));
  auto none = open(0);
  keep(none, "f", std::string(50'000, 'x'));
  EXPECT_EQ(keys(none.list()), Keys{"f"});
  EXPECT_EQ(none.clear(), each);
  EXPECT_EQ(names(), Keys{});
}

TEST_F(SnapshotStoreTest, LeavesWhatIsLockedAlone) {
  auto store = open(0);
  keep(store, "a", "state of a");
  {
    const auto lock = store.lock("a");
    keep(store, "b", "state of b");
    EXPECT_EQ(keys(store.list()), (Keys{"b", "a"}));
    EXPECT_GT(store.clear(), 0u);
    EXPECT_EQ(keys(store.list()), Keys{"a"});
  }
  EXPECT_GT(store.prune(0), 0u);
  EXPECT_EQ(names(), Keys{});
  EXPECT_FALSE(fs::exists(folder_.parent_path() / "locks/snapshot-a.lock")) << "locks pile up";
}

TEST_F(SnapshotStoreTest, TwoThatWantTheSameMakeItOnce) {
  std::atomic<int> made{0};
  const auto obtain = [&](int number) {
    auto store = open();
    const fs::path to = scratch_.path() / ("to-" + std::to_string(number));
    const auto lock = store.lock("abc");
    if (!copy(store, "abc", to)) {
      ++made;
      const fs::path state = scratch_.path() / ("state-" + std::to_string(number));
      write(state, "the state");
      store.keep("abc", {state, {}}, {});
      EXPECT_TRUE(copy(store, "abc", to));
    }
    return storage::read_whole_file(to);
  };
  auto first = std::async(std::launch::async, obtain, 1);
  auto second = std::async(std::launch::async, obtain, 2);
  EXPECT_EQ(first.get(), "the state");
  EXPECT_EQ(second.get(), "the state");
  EXPECT_EQ(made, 1);
}

/// Works on the store like a process of a run: keeps, fetches, removes. Returns how often it saw a state that was never
/// kept.
int busy_process(SnapshotStore &store, const fs::path &scratch, int number, int rounds) {
  const std::string name = std::to_string(number);
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::string key = std::string(1, "abc"[(round + number) % 3]);
    std::ofstream(scratch / ("state-" + name), std::ios::binary) << std::string(100'000 + number, name[0]);
    store.keep(key, {scratch / ("state-" + name), {}}, {});
    const auto state = store.lend(key);
    if (state && state->copy_to({scratch / ("to-" + name), {}})) {
      const std::string seen = storage::read_whole_file(scratch / ("to-" + name));
      const int maker = seen[0] - '0';
      if (seen != std::string(100'000 + maker, seen[0])) ++wrong;
    }
    if (round % 5 == number) store.prune(number % 2 == 0 ? 0 : 250'000);
    if (round % 7 == number) store.clear();
    store.list();
  }
  return wrong;
}

TEST_F(SnapshotStoreTest, ManyProcessesAndThreadsAtOnceSeeOnlyWholeOnes) {
  std::vector<pid_t> children;
  for (int number = 0; number < 3; ++number) {
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      int bad = 90;
      try {
        auto store = open(150'000);
        bad = busy_process(store, scratch_.path(), number, 40) + static_cast<int>(notices_.said.size());
      } catch (const std::exception &error) {
        std::fprintf(stderr, "child: %s\n", error.what());
      }
      ::_exit(bad);
    }
    children.push_back(pid);
  }
  auto store = open(150'000);
  std::vector<std::future<int>> threads;
  for (int number = 3; number < 5; ++number) {
    threads.push_back(
        std::async(std::launch::async, [&, number] { return busy_process(store, scratch_.path(), number, 40); }));
  }
  for (auto &thread : threads) EXPECT_EQ(thread.get(), 0);
  for (const pid_t pid : children) {
    int status = -1;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(notices_.said, Keys{});
  store.clear();
  EXPECT_EQ(names(), Keys{});
}

TEST_F(SnapshotStoreTest, SweepsWhatADeadMakerLeft) {
  auto store = open();
  keep(store, "a", "whole");
  const fs::path state = scratch_.path() / "big";
  write(state, std::string(1'000'000, 'x'));
  const auto die_while_keeping = [&] {
    return in_child([&] {
      const rlimit limit{300'000, 300'000};
      const rlimit no_core{0, 0};
      ::setrlimit(RLIMIT_FSIZE, &limit);
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::signal(SIGXFSZ, SIG_DFL);  // ends the process in the middle of the copy
      store.keep("b", {state, {}}, {});
      return 0;
    });
  };
  for (const bool by_prune : {true, false}) {
    const int status = die_while_keeping();
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    EXPECT_EQ(WTERMSIG(status), SIGXFSZ);
    ASSERT_EQ(names().size(), 2u);
    EXPECT_TRUE(names()[0].starts_with(".b.") && names()[0].ends_with(".partial")) << names()[0];
    EXPECT_EQ(fetch(store, "b"), "nothing");
    if (by_prune) {
      EXPECT_GE(store.prune(kNoLimit), 200'000u);
    } else {
      keep(store, "a", "whole");
    }
    EXPECT_EQ(names(), Keys{"a"});
  }
  EXPECT_EQ(fetch(store, "a"), "whole");
  EXPECT_EQ(notices_.said, Keys{});
}

TEST_F(SnapshotStoreTest, LeavesWhatALivingMakerIsAtWorkOn) {
  auto store = open();
  const fs::path partial = folder_ / ".abc.1.1.partial";
  fs::create_directories(partial);
  write(partial / "maker", "");
  {
    const base::Descriptor maker(::open((partial / "maker").c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::flock(maker.get(), LOCK_EX | LOCK_NB), 0);
    store.clear();
    keep(store, "a", "x");
    EXPECT_EQ(names(), (Keys{".abc.1.1.partial", "a"}));
  }
  store.prune(kNoLimit);
  EXPECT_EQ(names(), Keys{"a"});
}

TEST_F(SnapshotStoreTest, AKillAtAnyMomentLeavesNothingTornBehind) {
  auto store = open();
  for (int round = 0; round < 40; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      auto own = open(500'000);
      while (true) {
        busy_process(own, scratch_.path(), 1, 1);
        if (::write(ends[1], "x", 1) != 1) ::_exit(1);
      }
    }
    // After some rounds of its work, at a random point of the next one.
    char byte = 0;
    for (int i = 0; i <= round % 4; ++i) ASSERT_EQ(::read(ends[0], &byte, 1), 1);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    for (const char *key : {"a", "b", "c"}) {
      const std::string seen = fetch(store, key);
      EXPECT_TRUE(seen == "nothing" || seen == std::string(100'001, '1')) << seen.size();
    }
    store.prune(kNoLimit);
    for (const std::string &name : names()) EXPECT_FALSE(name.starts_with('.')) << name;
  }
  EXPECT_EQ(notices_.said, Keys{});
}

TEST_F(SnapshotStoreTest, AFileSizeLimitIsAnErrorAndLeavesNothing) {
  auto store = open();
  keep(store, "a", std::string(400'000, 'a'));
  const fs::path state = scratch_.path() / "big";
  const fs::path to = scratch_.path() / "to";
  write(state, std::string(1'000'000, 'x'));
  const int status = in_child([&] {
    const rlimit limit{300'000, 300'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(error_of([&] {
                store.keep("b", {state, {}}, {});
              }),
              "cannot keep a snapshot in " + folder_.string() + ": File too large | " + kFullHint);
    EXPECT_EQ(error_of([&] { copy(store, "a", to); }),
              "cannot write " + to.string() +
                  ": File too large | free some space, or set KMODTEST_RUNTIME to a folder on another disk");
    return testing::Test::HasFailure() ? 1 : 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(fs::exists(to));
  EXPECT_EQ(names(), Keys{"a"});
  EXPECT_EQ(fetch(store, "a"), std::string(400'000, 'a'));
}

TEST_F(SnapshotStoreTest, AFullDiskIsAnErrorAndLeavesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount a small disk";
  const int status = in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    fs::create_directories(folder_.parent_path());
    if (::mount("tmpfs", folder_.parent_path().c_str(), "tmpfs", 0, "size=1m") != 0) return 77;
    auto store = open();
    const fs::path state = scratch_.path() / "big";
    write(state, std::string(700'000, 'x'));
    store.keep("a", {state, {}}, {});
    EXPECT_EQ(error_of([&] {
                store.keep("b", {state, {}}, {});
              }),
              "cannot keep a snapshot in " + folder_.string() + ": the disk is full | " + kFullHint);
    EXPECT_EQ(names(), Keys{"a"});
    const fs::path to = folder_.parent_path() / "to";
    EXPECT_EQ(error_of([&] { copy(store, "a", to); }),
              "cannot write " + to.string() +
                  ": the disk is full | free some space, or set KMODTEST_RUNTIME to a folder on another disk");
    EXPECT_FALSE(fs::exists(to));
    EXPECT_EQ(fetch(store, "a"), std::string(700'000, 'x'));
    EXPECT_EQ(notices_.said, Keys{});
    return testing::Test::HasFailure() ? 1 : 0;
  });
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(status, 0);
}

TEST_F(SnapshotStoreTest, NamesAStateThatCannotBeRead) {
  auto store = open();
  const std::string missing = (scratch_.path() / "none").string();
  EXPECT_EQ(error_of([&] {
              store.keep("a", {missing, {}}, {});
            }),
            "cannot read " + missing +
                ": No such file or directory | `kmodtest cache clear` removes the snapshots; they are made again");
  EXPECT_EQ(error_of([&] {
              store.keep("a", {scratch_.path(), {}}, {});
            }),
            "cannot read " + scratch_.path().string() +
                ": Is a directory | `kmodtest cache clear` removes the snapshots; they are made again");
  EXPECT_EQ(names(), Keys{});
}

TEST_F(SnapshotStoreTest, AFileInPlaceOfTheFolderIsAnErrorOfEverythingButFetch) {
  fs::create_directories(folder_.parent_path());
  write(folder_, "");
  auto store = open();
  EXPECT_EQ(fetch(store, "abc"), "nothing");
  EXPECT_EQ(notices_.said,
            Keys{"snapshot abc is damaged (its folder cannot be read: Not a directory): it is made again"});
  EXPECT_EQ(error_of([&] { store.list(); }), "cannot read " + folder_.string() + ": Not a directory | " + kFolderHint);
  EXPECT_EQ(error_of([&] { keep(store, "abc", "x"); }),
            "cannot make the folder " + folder_.string() +
                ": Not a directory | set KMODTEST_CACHE to a folder that you can write to");
}

TEST_F(SnapshotStoreTest, AFolderThatMayNotBeReadIsAnErrorOfEverythingButFetch) {
  {
    auto store = open();
    keep(store, "abc", "x");
  }
  fs::permissions(folder_, fs::perms::none);
  fs::permissions(scratch_.path(), fs::perms::all);
  fs::permissions(folder_.parent_path(), fs::perms::all);
  fs::permissions(folder_.parent_path() / "locks", fs::perms::all);
  const int status = in_child([&] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 1;
    auto store = open();
    EXPECT_EQ(fetch(store, "abc"), "nothing");
    EXPECT_EQ(notices_.said,
              Keys{"snapshot abc is damaged (its folder cannot be read: Permission denied): it is made again"});
    EXPECT_EQ(error_of([&] { store.list(); }),
              "cannot read " + folder_.string() + ": Permission denied | " + kFolderHint);
    return testing::Test::HasFailure() ? 1 : 0;
  });
  EXPECT_EQ(status, 0);
  fs::permissions(folder_, fs::perms::owner_all);
}

TEST(SnapshotLimit, SizesHaveBinaryUnits) {
  EXPECT_EQ(text::size_in_bytes("0"), 0u);
  EXPECT_EQ(text::size_in_bytes("3K"), 3072u);
  EXPECT_EQ(text::size_in_bytes("500M"), 500u << 20);
  EXPECT_EQ(text::size_in_bytes("4G"), std::uint64_t{4} << 30);
  EXPECT_EQ(text::size_in_bytes("4GiB"), std::uint64_t{4} << 30);
  EXPECT_EQ(text::size_in_bytes("16777215T"), std::uint64_t{16777215} << 40);
  for (const char *bad :
       {"", "4", "G", "-1G", "4 G", "4GB", "4g", "1.5G", "4Gi", "16777216T", "99999999999999999999K"}) {
    EXPECT_EQ(text::size_in_bytes(bad), std::nullopt) << bad;
  }
}

TEST(SnapshotLimit, ComesFromTheEnvironment) {
  const char *before = std::getenv("KMODTEST_CACHE_LIMIT");
  const std::string kept = before == nullptr ? "" : before;
  ::unsetenv("KMODTEST_CACHE_LIMIT");
  EXPECT_EQ(snapshot_limit(), std::uint64_t{8} << 30);
  ::setenv("KMODTEST_CACHE_LIMIT", "500M", 1);
  EXPECT_EQ(snapshot_limit(), 500u << 20);
  ::setenv("KMODTEST_CACHE_LIMIT", "lots", 1);
  EXPECT_EQ(error_of([] { snapshot_limit(); }), "KMODTEST_CACHE_LIMIT takes a size such as 4G or 500M, not 'lots' | ");
  EXPECT_THROW(snapshot_limit(), base::UsageError);
  ::setenv("KMODTEST_CACHE_LIMIT", kept.c_str(), 1);
}

}  // namespace
}  // namespace kmodtest::vm
