// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <atomic>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/error.hpp"
#include "shards/elsewhere.hpp"
#include "shards/host_service.hpp"
#include "shards/hosts_launcher.hpp"
#include "shards/run_files.hpp"
#include "shards/ssh_host.hpp"
#include "storage/files.hpp"
#include "support/error_of.hpp"
#include "unit/shards/sharded_run.hpp"

namespace kmodtest::shards {
namespace {

namespace fs = std::filesystem;
using support::error_of;
using support::read_file;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kSilence{5};

struct TwoEnds {
  TwoEnds() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw std::runtime_error("no sockets");
    here = base::Descriptor(ends[0]);
    there = base::Descriptor(ends[1]);
  }
  base::Descriptor here, there;
};

std::unique_ptr<MessageLink> link_of(base::Descriptor end, std::chrono::seconds silence = kSilence) {
  base::Descriptor other(::dup(end.get()));
  return std::make_unique<MessageLink>(std::move(end), std::move(other), silence);
}

/// A host in this process, whose other end is cut after some `run` messages.
class LocalHost final : public Host {
 public:
  LocalHost(const fs::path &folder, const std::string &qemu) {
    TwoEnds ends;
    link_ = link_of(std::move(ends.here));
    auto there = std::make_shared<base::Descriptor>(std::move(ends.there));
    thread_ = std::thread([folder, qemu, there] {
      const auto link = link_of(std::move(*there));
      serve_as_host(*link, {.folder = folder, .run = "test", .qemu = [qemu] { return qemu; }});
    });
  }
  ~LocalHost() override {
    link_.reset();
    thread_.join();
  }
  LocalHost(const LocalHost &) = delete;
  LocalHost &operator=(const LocalHost &) = delete;
  MessageLink &link() override { return *link_; }
  base::Error error_of(const base::Error &lost) const override { return lost; }

 private:
  std::unique_ptr<MessageLink> link_;
  std::thread thread_;
};

/// A host that takes everything and is cut off as soon as it should run a shard.
class CutHost final : public Host {
 public:
  CutHost() {
    TwoEnds ends;
    link_ = link_of(std::move(ends.here));
    auto there = std::make_shared<base::Descriptor>(std::move(ends.there));
    thread_ = std::thread([there] {
      const auto link = link_of(std::move(*there));
      for (;;) {
        const auto message = link->receive(kSilence);
        if (message && message->kind == HostMessage::Kind::begin) link->send({.kind = HostMessage::Kind::missing});
        if (message && message->kind == HostMessage::Kind::run) return;
      }
    });
  }
  ~CutHost() override { thread_.join(); }
  CutHost(const CutHost &) = delete;
  CutHost &operator=(const CutHost &) = delete;
  MessageLink &link() override { return *link_; }
  base::Error error_of(const base::Error &lost) const override { return lost; }

 private:
  std::unique_ptr<MessageLink> link_;
  std::thread thread_;
};

/// A run of four shards. Their "program" copies results that were made before.
class Hosts : public ::testing::Test {
 protected:
  Hosts() : run_(4) {
    for (int shard = 1; shard <= 4; ++shard)
      run_.write(shard, run_.all_with(judge::Outcome::passed), run_.options("made/shard-" + std::to_string(shard)));
    options_.folder = run_.scratch() / "jobs";
    options_.enter = "run=$PWD";
    options_.command = {"sh", program("cp -r " + (run_.scratch() / "made").string() + "/shard-${2%/*} \"$4\"\n")};
    options_.there = "\"$run\"";
    options_.shards = 4;
    options_.files_may_be_late = {};
  }

  /// Writes a script whose arguments are --shard K/N --results FOLDER.
  std::string program(const std::string &text) { return run_.scratch().write("program.sh", text); }

  std::unique_ptr<HostsLauncher> launch(const std::vector<std::string> &names, Luggage luggage = {}) {
    const auto connect = [this](const std::string &name) -> std::unique_ptr<Host> {
      if (name.starts_with("bad"))
        throw ssh_error(name, "ssh: connect to host " + name + " port 22: No route to host\n");
      if (name.starts_with("cut")) return std::make_unique<CutHost>();
      return std::make_unique<LocalHost>(run_.scratch() / name, "10.0");
    };
    return std::make_unique<HostsLauncher>(names, connect, std::move(luggage), options_.folder, kSilence);
  }

  ShardedRun run_;
  ElsewhereOptions options_;
  Heard live_;
};

TEST_F(Hosts, BringTheResultsOfAllShardsBack) {
  const auto launcher = launch({"one", "two"});
  const Elsewhere came = run_elsewhere(*launcher, options_, live_);
  launcher->cancel();
  EXPECT_TRUE(came.problems.empty());
  EXPECT_EQ(live_.finished.size(), 13U);
  EXPECT_EQ(ShardedRun::merged(came.results).finished.size(), 13U);
  EXPECT_FALSE(fs::exists(run_.scratch() / "one/run-test")) << "nothing stays there but the cache";
  EXPECT_FALSE(fs::exists(run_.scratch() / "two/run-test.lock"));
}

TEST_F(Hosts, TheShardOfALostHostGoesToAnother) {
  const auto launcher = launch({"cut", "one"});
  const Elsewhere came = run_elsewhere(*launcher, options_, live_);
  EXPECT_TRUE(came.problems.empty());
  EXPECT_EQ(ShardedRun::merged(came.results).finished.size(), 13U);
  EXPECT_THAT(live_.notices, Contains(HasSubstr("host cut: the connection has ended")));
  EXPECT_THAT(live_.notices, Contains(HasSubstr("starting it again")));
}

TEST_F(Hosts, AHostThatCannotBeReachedIsLeftOut) {
  const auto launcher = launch({"bad", "one"});
  const Elsewhere came = run_elsewhere(*launcher, options_, live_);
  EXPECT_TRUE(came.problems.empty());
  EXPECT_EQ(ShardedRun::merged(came.results).finished.size(), 13U);
  EXPECT_THAT(live_.notices, Contains(HasSubstr("No route to host [K1013]")));
}

TEST_F(Hosts, WithoutAnyHostTheRunEndsWithTheReason) {
  const auto launcher = launch({"bad", "worse-cut", "bad2"});
  const auto other = launch({"bad", "bad2"});
  const Elsewhere came = run_elsewhere(*other, options_, live_);
  ASSERT_TRUE(came.failure);
  EXPECT_TRUE(came.results.empty());
  EXPECT_THAT(error_of([&] { std::rethrow_exception(came.failure); }), HasSubstr("host bad: "));
}

TEST_F(Hosts, CancellingEndsWhatRunsThere) {
  options_.command = {"sh", program("echo $$ > pid; sleep 1000 & wait\n")};
  options_.shards = 1;
  const auto launcher = launch({"one"});
  storage::make_folder(options_.folder);
  const fs::path script = run_.scratch().write("jobs/shard-1.sh", "exec sh " + options_.command[1] + "\n");
  launcher->start({{1, script, options_.folder / "shard-1.log"}});
  const fs::path pid_file = run_.scratch() / "one/run-test/pid";
  while (!fs::exists(pid_file) || read_file(pid_file).empty()) ::usleep(10'000);
  const pid_t pid = std::stoi(read_file(pid_file));
  launcher->cancel();
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(Hosts, AJobThatIsNotNeededAnyMoreEndsAndItsHostIsFree) {
  storage::make_folder(options_.folder);
  const fs::path script = run_.scratch().write("jobs/shard-1.sh", "exec sleep 1000\n");
  const auto launcher = launch({"one"});
  launcher->start({{1, script, options_.folder / "shard-1.log"}, {2, script, options_.folder / "shard-2.log"}});
  while (launcher->states().at(1) != JobState::running) ::usleep(10'000);
  EXPECT_EQ(launcher->idle(), 0U);
  launcher->stop(2);
  EXPECT_EQ(launcher->states().at(2), JobState::ended) << "it had not begun";
  launcher->stop(1);
  while (launcher->states().at(1) != JobState::ended || launcher->idle() != 1) ::usleep(10'000);
}

TEST_F(Hosts, GetWhatTheyLackOnce) {
  run_.scratch().write("cache/initramfs/07.cpio", "cpio");
  Luggage luggage;
  run::Provisions provisions;
  provisions.cache = run_.scratch() / "cache";
  provisions.entries = {"initramfs/07.cpio"};
  luggage.list = list_entries(provisions, "1.0");
  luggage.list.qemu = "11.0";
  luggage.files = {{"root/project/plan.yaml", run_.scratch().write("plan.yaml", "name: plan\n")}};
  for (int time = 0; time < 2; ++time) {
    Heard live;
    const auto launcher = launch({"one"}, luggage);
    run_elsewhere(*launcher, options_, live);
    EXPECT_EQ(read_file(run_.scratch() / "one/cache/initramfs/07.cpio"), "cpio");
    const auto pushed = Contains(HasSubstr("host one gets 1 missing part"));
    EXPECT_EQ(::testing::Matches(pushed)(live.notices), time == 0);
    EXPECT_THAT(live.notices, Contains(HasSubstr("host one has QEMU 10.0, and this machine has 11.0")));
    fs::remove_all(options_.folder);
  }
}

TEST(MessageLink, ASilentEndIsLost) {
  TwoEnds ends;
  const auto link = link_of(std::move(ends.here), std::chrono::seconds(1));
  EXPECT_THAT(error_of([&] { link->receive(std::chrono::seconds(10)); }),
              HasSubstr("nothing has arrived from it for 1 s"));
}

TEST(MessageLink, ASilentEndIsNotLostWhileItsBeatsArrive) {
  TwoEnds ends;
  const auto here = link_of(std::move(ends.here), std::chrono::seconds(2));
  const auto there = link_of(std::move(ends.there));
  EXPECT_FALSE(here->receive(std::chrono::seconds(3)));
  there->send({.kind = HostMessage::Kind::ended, .number = 7});
  EXPECT_EQ(here->receive(kSilence)->number, 7U);
}

TEST(RunFiles, AManifestThatCountsResultsArrivesAfterThem) {
  const support::ScratchFolder scratch;
  scratch.write("shard-1/manifest.json", "1");
  scratch.write("shard-1/finished.1", "ab");
  std::vector<std::string> sent;
  FileSender sender(scratch.path(), [&](const HostMessage &message) {
    sent.push_back(message.name + "@" + std::to_string(message.offset) + ":" + message.bytes);
  });
  sender.send_news_of(1);
  EXPECT_THAT(sent, ElementsAre("shard-1/finished.1@0:ab", "shard-1/manifest.json@0:1"));
  sent.clear();
  sender.send_news_of(1);
  EXPECT_TRUE(sent.empty());
  scratch.write("shard-1/finished.1", "abcd");
  scratch.write("shard-1/manifest.json", "2");
  sender.send_news_of(1);
  EXPECT_THAT(sent, ElementsAre("shard-1/finished.1@2:cd", "shard-1/manifest.json@0:2"));
}

TEST(RunFiles, NoFileLeavesItsFolder) {
  const support::ScratchFolder scratch;
  for (const char *name : {"../x", "/tmp/x", "a/../../x", ""}) {
    HostMessage message;
    message.name = name;
    EXPECT_THAT(error_of([&] { write_part(scratch.path(), message); }), HasSubstr("it sends a file with the name"))
        << name;
  }
}

TEST(SshHosts, AreNamedAsForSsh) {
  EXPECT_THAT(ssh_hosts("one,me@two,[::1]"), ElementsAre("one", "me@two", "[::1]"));
  for (const char *bad : {"", "one,,two", "-oProxyCommand=x", "one,-v", "with blank", "a;b", "$(x)", "one,one"})
    EXPECT_THAT(error_of([bad] { ssh_hosts(bad); }), HasSubstr("--on ssh")) << bad;
}

TEST(SshHosts, TheWordsOfSshDecideTheCode) {
  using base::Code;
  const auto code = [](const char *words) { return ssh_error("h", words).code(); };
  EXPECT_EQ(code("me@h: Permission denied (publickey).\r\n"), Code::host_refused_login);
  EXPECT_EQ(code("ssh: Could not resolve hostname h: Name or service not known\n"), Code::host_unreachable);
  EXPECT_EQ(code("Host key verification failed.\n"), Code::host_unreachable);
  EXPECT_EQ(code("tar: kmodtest: Wrote only 512 of 10240 bytes: No space left on device\n"), Code::disk_full);
  EXPECT_EQ(code("x/kmodtest: error while loading shared libraries: libvirt.so.0: cannot open shared object file\n"),
            Code::host_lacks_parts);
  EXPECT_THAT(ssh_error("h", "").what(), HasSubstr("ssh ended without a word"));
  EXPECT_STREQ(ssh_error("h", "tar: a: Cannot write: No space left on device\ntar: Exiting with failure\n").what(),
               "host h: its disk is full: tar: a: Cannot write: No space left on device");
}

TEST(SshHosts, WhatTheLoginShellSaysIsNotTheServices) {
  const std::string profile = "pyenv: cannot rehash: /root/.pyenv/shims isn't writable\n";
  const std::string begins = std::string(kServiceBegins) + "\n";
  EXPECT_EQ(words_of_service(profile + begins), "");
  EXPECT_EQ(words_of_service(profile + begins + "kmodtest: it broke\n"), "kmodtest: it broke");
  EXPECT_EQ(words_of_service("sh: kmodtest: not found\n"), "sh: kmodtest: not found") << "it never began";
  EXPECT_EQ(words_of_service(""), "");
}

TEST(SshHosts, ReadsWhatAHostAnswers) {
  const HostFacts facts = parse_host_facts("motd\nsystem Linux\nmachine x86_64\nfolder /home/a b/remote\nprogram\n");
  EXPECT_EQ(facts.system, "Linux");
  EXPECT_EQ(facts.machine, "x86_64");
  EXPECT_EQ(facts.folder, "/home/a b/remote");
  EXPECT_TRUE(facts.has_program);
  EXPECT_FALSE(parse_host_facts("machine pi\n").has_program);
}

}  // namespace
}  // namespace kmodtest::shards
