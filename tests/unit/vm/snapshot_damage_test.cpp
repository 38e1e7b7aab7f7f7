// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/descriptor.hpp"
#include "snapshot_fixture.hpp"

namespace kmodtest::vm {
namespace {

/// A store with one snapshot, "abc", whose files a test can replace.
class SnapshotDamageTest : public SnapshotStoreTest {
 protected:
  void keep_one(const std::string &state) {
    keep(store_, "abc", state);
    state_ = storage::read_whole_file(kState);
    manifest_ = storage::read_whole_file(kManifest);
    ASSERT_EQ(fetch(store_, "abc"), state);
  }
  /// Replaces the snapshot's files by these and opens it, in both ways.
  std::string fetch_with(const std::string &state, const std::string &manifest) {
    put(state, manifest);
    const std::string seen = lent(store_, "abc");
    put(state, manifest);
    EXPECT_EQ(fetch(store_, "abc"), seen);
    return seen;
  }
  void put(const std::string &state, const std::string &manifest) {
    fs::create_directories(kFolder);
    write(kState, state);
    write(kManifest, manifest);
  }

  const fs::path kFolder = folder_ / "abc", kState = kFolder / "state.qcow2", kManifest = kFolder / "manifest.json";
  SnapshotStore store_ = open();
  std::string state_, manifest_;
};

TEST_F(SnapshotDamageTest, NoFlippedByteIsBelieved) {
  keep_one("a small state, every byte of which is damaged in turn: \x01\x02\xff" + std::string(40, '\0') + "end");
  for (const char flip : {'\x01', '\x20', '\xff'}) {
    for (std::size_t i = 0; i < state_.size(); ++i) {
      std::string damaged = state_;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      EXPECT_EQ(fetch_with(damaged, manifest_), "nothing") << "byte " << i << " of the state";
      EXPECT_FALSE(fs::exists(kFolder));
    }
    for (std::size_t i = 0; i < manifest_.size(); ++i) {
      std::string damaged = manifest_;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      EXPECT_EQ(fetch_with(state_, damaged), "nothing") << "byte " << i << " of the manifest";
      EXPECT_FALSE(fs::exists(kFolder));
    }
  }
  EXPECT_EQ(notices_.said, std::vector<std::string>{"snapshot abc is damaged (checksum differs): it is made again"})
      << "once";
  EXPECT_EQ(fetch_with(state_, manifest_), state_) << "whole again, and believed again";
}

TEST_F(SnapshotDamageTest, NoOtherLengthIsBelieved) {
  keep_one("a small state" + std::string(10, '\0'));
  for (std::size_t length = 0; length < state_.size(); ++length) {
    EXPECT_EQ(fetch_with(state_.substr(0, length), manifest_), "nothing") << length;
  }
  for (std::size_t length = 0; length < manifest_.size(); ++length) {
    EXPECT_EQ(fetch_with(state_, manifest_.substr(0, length)), "nothing") << length;
  }
  EXPECT_EQ(fetch_with(state_ + '\0', manifest_), "nothing");
  EXPECT_EQ(fetch_with(state_, manifest_ + '\n'), "nothing");
  EXPECT_EQ(fetch_with(state_, manifest_ + std::string(100'000, ' ')), "nothing");
  EXPECT_EQ(fetch_with(state_, manifest_), state_);
}

TEST_F(SnapshotDamageTest, NoFlippedByteOfALargeStateIsBelievedNorOneInAHole) {
  // Data, a hole of a megabyte, data, and a hole up to the end.
  const std::size_t size = 3'000'001;
  std::string state(size, '\0');
  for (std::size_t i = 0; i < 700'000; ++i) state[i] = static_cast<char>(i * 2654435761u >> 13);
  for (std::size_t i = 1'800'000; i < 1'900'000; ++i) state[i] = static_cast<char>(i);
  keep_one(state);
  EXPECT_LT(storage::disk_usage(kFolder), 1'000'000u);
  for (std::size_t i = 0; i < size; i += 49'999) {
    std::string damaged = state_;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_EQ(fetch_with(damaged, manifest_).substr(0, 20), "nothing") << i;
  }
  // A lost page: zeros in place of data.
  EXPECT_EQ(fetch_with(std::string(state_).replace(409'600, 4096, 4096, '\0'), manifest_), "nothing");
  EXPECT_TRUE(fetch_with(state_, manifest_) == state_);
}

TEST_F(SnapshotDamageTest, SaysWhatIsWrongWithEach) {
  struct Damage {
    const char *key;
    std::string said;
    std::function<void(const fs::path &folder)> inflict;
  };
  const std::vector<Damage> damages = {
      {"a1", "manifest is missing", [](const auto &folder) { fs::remove(folder / "manifest.json"); }},
      {"a2", "state is missing", [](const auto &folder) { fs::remove(folder / "state.qcow2"); }},
      {"a3", "state has 2 bytes instead of 5", [](const auto &folder) { fs::resize_file(folder / "state.qcow2", 2); }},
      {"a4", "manifest differs from its checksum",
       [](const auto &folder) { fs::resize_file(folder / "manifest.json", 9); }},
      {"a5", "checksum differs", [this](const auto &folder) { write(folder / "state.qcow2", "sTate"); }},
      {"a6", "state is not a file",
       [](const auto &folder) {
         fs::remove(folder / "state.qcow2");
         ::mkfifo((folder / "state.qcow2").c_str(), 0600);
       }},
      {"a7", "state cannot be read: Too many levels of symbolic links",
       [](const auto &folder) {
         fs::rename(folder / "state.qcow2", folder / "elsewhere");
         fs::create_symlink("elsewhere", folder / "state.qcow2");
       }},
      {"a8", "its folder cannot be read: Not a directory",
       [this](const auto &folder) {
         fs::remove_all(folder);
         write(folder, "x");
       }},
      {"a9", "manifest is of another snapshot",
       [this](const auto &folder) {
         keep(store_, "beef", "state");
         fs::remove_all(folder);
         fs::rename(folder_ / "beef", folder);
       }},
  };
  for (const auto &damage : damages) {
    SCOPED_TRACE(damage.said);
    notices_.said.clear();
    keep(store_, damage.key, "state");
    damage.inflict(folder_ / damage.key);
    EXPECT_EQ(fetch(store_, damage.key), "nothing");
    EXPECT_EQ(notices_.said, std::vector<std::string>{std::string("snapshot ") + damage.key + " is damaged (" +
                                                      damage.said + "): it is made again"});
    EXPECT_EQ(names(), std::vector<std::string>{});
  }
}

TEST_F(SnapshotDamageTest, IsListedAndPrunedFirst) {
  for (const char *key : {"a", "b", "c"}) keep(store_, key, "state");
  used_at("a", 1000);
  used_at("b", 2000);
  fs::resize_file(folder_ / "b/manifest.json", 9);
  used_at("b", 2000);
  const auto listed = store_.list();
  ASSERT_EQ(keys(listed), (std::vector<std::string>{"c", "b", "a"}));
  EXPECT_EQ(listed[0].damage, "");
  EXPECT_EQ(listed[1].damage, "manifest differs from its checksum");
  EXPECT_EQ(listed[1].used, std::chrono::sys_seconds(std::chrono::seconds(2000)));
  EXPECT_EQ(listed[2].description, "6.1, 4 CPUs");
  store_.prune(kNoLimit);
  EXPECT_EQ(keys(store_.list()), (std::vector<std::string>{"c", "a"}));
}

TEST_F(SnapshotDamageTest, AMachineShortOfDescriptorsIsNoDamage) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers need descriptors for a look at an object, and take the exception for a bad one";
#endif
  keep_one("state");
  const fs::path to = scratch_.path() / "to";
  const int status = in_child([&] {
    const int next = ::dup(0);
    ::close(next);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    EXPECT_EQ(error_of([&] { copy(store_, "abc", to); }),
              "cannot open the snapshot " + kFolder.string() +
                  ": Too many open files | `kmodtest cache clear` removes the snapshots; they are made again");
    return testing::Test::HasFailure() ? 1 : 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(fetch(store_, "abc"), "state");
}

}  // namespace
}  // namespace kmodtest::vm
