// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage/spool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <vector>

#include "storage/whole_file.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::storage {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::size_t files_in(const fs::path &folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Spool, KeepsTextsOfAnySizeAndLeavesNoFile) {
  const support::ScratchFolder scratch;
  Spool spool(scratch / "out.xml");
  std::vector<Spool::Piece> pieces;
  const auto text = [](std::size_t number) {
    return std::string(number * 997 % 5'000, static_cast<char>('a' + number % 26));
  };
  for (std::size_t number = 0; number < 1'000; ++number) {
    pieces.push_back(spool.add(text(number)));
    EXPECT_EQ(spool.read(pieces.back()), text(number)) << "what was just added";
  }
  for (std::size_t number = 1'000; number-- > 0;) EXPECT_EQ(spool.read(pieces[number]), text(number));
  EXPECT_EQ(files_in(scratch.path()), 0U) << "the file has no name";
}

TEST(Spool, ATextBehindAReadOneIsKept) {
  const support::ScratchFolder scratch;
  Spool spool(scratch / "out");
  const Spool::Piece big = spool.add(std::string(300'000, 'x'));
  const Spool::Piece small = spool.add("small");
  EXPECT_EQ(spool.read(small), "small");
  EXPECT_EQ(spool.read(big).size(), 300'000U);
  EXPECT_EQ(spool.read(spool.add("next")), "next");
}

TEST(Spool, WaitsElsewhereForWhatIsNoRegularFile) {
  Spool spool("/dev/stdout");
  EXPECT_EQ(spool.read(spool.add("text")), "text");
}

TEST(WholeFile, AppearsAsAWholeOrNotAtAll) {
  const support::ScratchFolder scratch;
  const fs::path file = scratch.write("report", "old");
  {
    WholeFile dropped(file);
    dropped.write("half");
  }
  EXPECT_EQ(support::read_file(file), "old");
  WholeFile whole(file);
  whole.write("new ");
  EXPECT_EQ(support::read_file(file), "old");
  whole.write("text");
  whole.commit();
  EXPECT_EQ(support::read_file(file), "new text");
  EXPECT_EQ(files_in(scratch.path()), 1U);
  EXPECT_THAT(support::error_of([&] { WholeFile none(scratch / "no folder/report"); }), HasSubstr("no folder/report"));
}

}  // namespace
}  // namespace kmodtest::storage
