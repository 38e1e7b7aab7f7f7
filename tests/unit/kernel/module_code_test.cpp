// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/code/module_code.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "storage/files.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;
using Part = ModuleSymbols::Part;

const fs::path kBranches = fs::path(KMODTEST_TEST_DATA) / "code" / "branches.ko";
const fs::path kPlaces = fs::path(KMODTEST_TEST_DATA) / "symbols" / "places.ko";

std::string place_text(const ModuleCode::Place &place) {
  return fmt::format("{}+{:#x}", place.part == Part::init ? "init" : "kept", place.offset);
}

Lines pieces_of(const ModuleCode &code) {
  Lines lines;
  for (const auto &piece : code.pieces)
    lines.push_back(fmt::format("{} {} {}:{}{}", place_text(piece.begin), piece.size, code.files[piece.file].string(),
                                piece.line, piece.direct ? "" : " by a header"));
  return lines;
}

Lines jumps_of(const ModuleCode &code) {
  Lines lines;
  for (const auto &jump : code.jumps)
    lines.push_back(fmt::format("{} {}:{}", place_text(jump.place), code.files[jump.file].string(), jump.line));
  return lines;
}

Lines functions_of(const ModuleCode &code) {
  Lines lines;
  for (const auto &one : code.functions)
    lines.push_back(
        fmt::format("{} {} {}:{}", one.name, place_text(one.entry), code.files[one.file].string(), one.line));
  return lines;
}

TEST(ModuleCode, HasTheLinesOfItsInstructions) {
  const ModuleCode code = read_module_code(kBranches);
  EXPECT_TRUE(code.has_lines);
  EXPECT_EQ(code.root, "/src/branches");
  EXPECT_EQ(pieces_of(code), (Lines{"kept+0x0 7 branches.c:14",   "kept+0x7 16 branches.c:14",
                                    "kept+0x17 5 branches.c:15",  "kept+0x1c 23 branches.c:18",
                                    "kept+0x33 5 branches.c:18",  "kept+0x38 12 branches.c:16",
                                    "kept+0x44 12 branches.c:18", "kept+0x50 4 branches.c:21",
                                    "kept+0x54 16 branches.c:21", "kept+0x64 5 branches.c:22 by a header",
                                    "kept+0x69 23 branches.c:23", "kept+0x80 16 branches.c:22 by a header",
                                    "kept+0x90 4 branches.c:23",  "kept+0x94 5 branches.c:22 by a header",
                                    "kept+0x99 5 branches.c:23",  "init+0x0 4 branches.c:26",
                                    "init+0x4 5 branches.c:27",   "init+0x9 16 branches.c:26",
                                    "init+0x19 5 branches.c:27",  "init+0x1e 28 branches.c:29"}));
}

TEST(ModuleCode, HasItsFunctions) {
  EXPECT_EQ(functions_of(read_module_code(kBranches)),
            (Lines{"branches_of_its_own kept+0x0 branches.c:13", "branches_of_a_header kept+0x50 branches.c:20",
                   "init_module init+0x0 branches.c:25"}));
}

TEST(ModuleCode, LeavesOutJumpsOfHeadersAndOfTheStackProtector) {
  EXPECT_EQ(jumps_of(read_module_code(kBranches)), (Lines{"kept+0x1a branches.c:15"}));
}

TEST(ModuleCode, FindsTheFolderInWhichAModuleWasBuilt) {
  const ModuleCode code = read_module_code(kBranches, "src");
  EXPECT_EQ(code.root, "/src");
  ASSERT_EQ(code.files.size(), 2);
  EXPECT_EQ(code.files[0], "branches/branches.c");
  EXPECT_EQ(code.files[1], "include/helper.h");
  EXPECT_EQ(code.jumps.size(), 2) << "the header is the module's own now";
}

TEST(ModuleCode, KnowsWhereInstructionsBegin) {
  const ModuleCode code = read_module_code(kBranches);
  EXPECT_EQ(code.init.entries, std::vector<std::uint64_t>{0});
  EXPECT_EQ(code.init.instructions,
            (std::vector<std::uint64_t>{0, 4, 9, 0x12, 0x17, 0x19, 0x1e, 0x23, 0x2c, 0x2e, 0x30, 0x34, 0x35}));
  EXPECT_EQ(code.kept.entries, (std::vector<std::uint64_t>{0, 0x50}));
  EXPECT_EQ(code.piece_at({Part::kept, 0x1000}), nullptr);
  ASSERT_NE(code.piece_at({Part::kept, 0x3e}), nullptr);
  EXPECT_EQ(code.piece_at({Part::kept, 0x3e})->line, 16);
}

TEST(ModuleCode, OfSeveralSourceFiles) {
  const ModuleCode code = read_module_code(kPlaces);
  EXPECT_EQ(code.files, (std::vector<fs::path>{"places.c", "other.c"}));
  EXPECT_EQ(code.jumps.size(), 0);
  EXPECT_EQ(code.functions.size(), 8);
}

class DamagedModuleCode : public testing::Test {
 protected:
  fs::path with(const std::string &bytes) const {
    const fs::path ko = scratch_.path() / "damaged.ko";
    storage::write_whole_file(ko, bytes);
    return ko;
  }
  support::ScratchFolder scratch_;
  std::string bytes_ = storage::read_whole_file(kBranches);
};

TEST_F(DamagedModuleCode, WithoutDebugInformationThereAreNoLines) {
  const ModuleCode code = read_module_code(with(without_debug_info(bytes_)));
  EXPECT_FALSE(code.has_lines);
  EXPECT_TRUE(code.pieces.empty());
  EXPECT_TRUE(code.jumps.empty());
  EXPECT_FALSE(code.kept.instructions.empty());
}

TEST_F(DamagedModuleCode, OneThatIsNotElfIsAnError) {
  EXPECT_THROW(read_module_code(with("something else")), base::Error);
  EXPECT_THROW(read_module_code(scratch_.path() / "missing.ko"), base::Error);
}

TEST_F(DamagedModuleCode, NoDamageCrashes) {
  const auto read = [](const fs::path &ko) {
    try {
      read_module_code(ko);
    } catch (const base::Error &) {
      // An error is right, too.
    }
  };
  for (std::size_t size = 64; size < bytes_.size(); size += 97) read(with(bytes_.substr(0, size)));
  for (std::size_t at = 64; at < bytes_.size(); at += 13) {
    std::string changed = bytes_;
    changed[at] = static_cast<char>(changed[at] ^ 0xff);
    read(with(changed));
  }
}

}  // namespace
}  // namespace kmodtest::kernel
