// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/cores.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace kmodtest::run {
namespace {

namespace asio = base::asio;

class CoresTest : public ::testing::Test {
 protected:
  /// Acquires cores under a name; `got_` has the names in the order in which they were served.
  void ask(Cores &cores, int number, const std::string &name) {
    asio::co_spawn(io_, wait(cores, number, name), [](const std::exception_ptr &thrown) { EXPECT_FALSE(thrown); });
    serve();
  }
  void serve() {
    io_.restart();
    io_.poll();
  }
  base::Task<> wait(Cores &cores, int number, std::string name) {
    co_await cores.acquire(number);
    got_.push_back(name);
  }
  asio::io_context io_;
  std::vector<std::string> got_;
};

using Names = std::vector<std::string>;

TEST_F(CoresTest, AreSharedOut) {
  Cores cores(io_, 2);
  ask(cores, 1, "a");
  ask(cores, 1, "b");
  ask(cores, 1, "c");
  EXPECT_EQ(got_, (Names{"a", "b"}));
  cores.release(1);
  serve();
  EXPECT_EQ(got_, (Names{"a", "b", "c"}));
}

TEST_F(CoresTest, AGuestThatNeedsThemAllIsNotOvertaken) {
  Cores cores(io_, 4);
  ask(cores, 1, "one");
  ask(cores, 4, "all");
  ask(cores, 1, "late");
  EXPECT_EQ(got_, (Names{"one"}));
  cores.release(1);
  serve();
  EXPECT_EQ(got_, (Names{"one", "all"}));
  cores.release(4);
  serve();
  EXPECT_EQ(got_, (Names{"one", "all", "late"}));
}

TEST_F(CoresTest, MoreThanThereAreIsAllOfThem) {
  Cores cores(io_, 2);
  ask(cores, 64, "large");
  ask(cores, 1, "small");
  EXPECT_EQ(got_, (Names{"large"}));
  cores.release(64);
  serve();
  EXPECT_EQ(got_, (Names{"large", "small"}));
  ask(cores, 1, "another");
  EXPECT_EQ(got_, (Names{"large", "small", "another"}));
}

TEST_F(CoresTest, NoTotalIsNoLimit) {
  Cores cores(io_, 0);
  for (int i = 0; i < 10; ++i) ask(cores, 8, "guest");
  EXPECT_EQ(got_.size(), 10u);
}

TEST_F(CoresTest, TheEndLetsEverybodyGo) {
  Cores cores(io_, 1);
  ask(cores, 1, "a");
  ask(cores, 1, "b");
  cores.end();
  serve();
  EXPECT_EQ(got_, (Names{"a", "b"}));
  ask(cores, 1, "c");
  EXPECT_EQ(got_, (Names{"a", "b", "c"}));
}

}  // namespace
}  // namespace kmodtest::run
