// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/symbols.hpp"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <libelf.h>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "kernel/symbols/inlined_calls.hpp"
#include "kernel/symbols/section_layout.hpp"
#include "storage/files.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// The files of tests/data/symbols in a folder of their own, the .ko younger than its sources.
class SymbolsTest : public ::testing::Test {
 protected:
  SymbolsTest() {
    for (const char *name : {"places.c", "other.c", "places.ko"}) {
      fs::copy_file(fs::path(KMODTEST_TEST_DATA) / "symbols" / name, folder() / name);
    }
    const auto now = fs::file_time_type::clock::now();
    fs::last_write_time(folder() / "places.c", now - 2h);
    fs::last_write_time(folder() / "other.c", now - 2h);
    fs::last_write_time(ko(), now - 1h);
  }
  /// Returns the bytes of a section that stays after init, as layout() has it.
  std::optional<std::uint64_t> kept_size(const std::string &section) const {
    std::string bytes = storage::read_whole_file(ko());
    elf_version(EV_CURRENT);
    const std::unique_ptr<Elf, decltype(&elf_end)> elf(elf_memory(bytes.data(), bytes.size()), elf_end);
    for (const CoreSection &one : layout(elf.get(), ModuleSymbols::Part::kept)) {
      if (one.name == section) return one.size;
    }
    return std::nullopt;
  }
  const fs::path &folder() const { return scratch_.path(); }
  fs::path ko() const { return folder() / "places.ko"; }

  support::ScratchFolder scratch_;
};

std::vector<std::string> told(const std::vector<SourceLine> &lines) {
  std::vector<std::string> text;
  for (const SourceLine &line : lines) {
    text.push_back(line.function + " " + line.file + ":" + std::to_string(line.line) + " " + line.text);
  }
  return text;
}
using Lines = std::vector<std::string>;

TEST_F(SymbolsTest, APlaceHasItsLine) {
  ModuleSymbols symbols(ko(), {folder()});
  EXPECT_TRUE(symbols.has_lines());
  EXPECT_EQ(told(symbols.lines_at({"places_exit", 7, 14}, Address::exact)),
            Lines{"places_exit places.c:53 *places_pointer = 0;"});
}

TEST_F(SymbolsTest, InlinedFunctionsStandBeforeTheirCallers) {
  ModuleSymbols symbols(ko(), {folder()});
  EXPECT_EQ(told(symbols.lines_at({"places_write", 6, 17}, Address::exact)),
            (Lines{"poke places.c:16 *where = what;", "poke_twice places.c:22 poke(where + 64, 2);",
                   "places_write places.c:27 poke_twice(where);"}));
  EXPECT_EQ(
      told(symbols.lines_at({"places_init", 0x22, 50}, Address::returns_to)),
      (Lines{"places_read places.c:37 return twin(3) + sum_of(4);", "places_init places.c:48 return places_read();"}));
}

TEST_F(SymbolsTest, ACallThatNeverReturnsIsInItsOwnFunction) {
  ModuleSymbols symbols(ko(), {folder()});
  EXPECT_EQ(told(symbols.lines_at({"places_end", 9, 9}, Address::returns_to)),
            Lines{"places_end places.c:42 give_up();"});
}

TEST_F(SymbolsTest, OfFunctionsWithOneNameTheSizeDecides) {
  ModuleSymbols symbols(ko(), {folder()});
  const std::string first = "twin places.c:32 return *places_pointer + number;";
  EXPECT_EQ(told(symbols.lines_at({"twin", 7, 12}, Address::exact)), Lines{first});
  EXPECT_EQ(told(symbols.lines_at({"twin", 7, 36}, Address::exact)),
            Lines{"twin other.c:7 places_pointer[number] += places_pointer[number + 1] * 7;"});
  EXPECT_EQ(told(symbols.lines_at({"twin", 7, 0}, Address::exact)), Lines{first}) << "no size: the first";
}

TEST_F(SymbolsTest, APlaceHasItsStatementAndTheCallsAroundIt) {
  ModuleSymbols symbols(ko(), {folder()});
  EXPECT_EQ(symbols.statement_at({"places_exit", 7, 14}), "*places_pointer = 0;");
  EXPECT_EQ(symbols.statement_at({"places_write", 6, 17}), "*where = what;") << "of the innermost function";
  const auto calls = symbols.inlined_calls({"places_write", 6, 17});
  ASSERT_EQ(calls.size(), 1);
  EXPECT_EQ(calls[0].line, 27);
  EXPECT_NE(std::find(calls[0].names.begin(), calls[0].names.end(), "poke_twice"), calls[0].names.end());
  EXPECT_NE(std::find(calls[0].names.begin(), calls[0].names.end(), "poke"), calls[0].names.end());
  EXPECT_TRUE(symbols.inlined_calls({"places_exit", 7, 14}).empty());
  EXPECT_TRUE(symbols.inlined_calls({"no_such_function", 0, 0}).empty());
  EXPECT_EQ(symbols.statement_at({"no_such_function", 0, 0}), "");
}

TEST(VolatileNames, AreThoseOfVariablesAndMembers) {
  const ModuleSymbols symbols(fs::path(KMODTEST_TEST_DATA) / "symbols/flags.ko", {});
  EXPECT_EQ(symbols.volatile_names(),
            (std::set<std::string, std::less<>>{"behind", "bells", "calls", "clock", "ready", "state", "stop"}));
}

TEST(VariablePart, IsNamedAsInC) {
  const ModuleSymbols symbols(fs::path(KMODTEST_TEST_DATA) / "symbols/flags.ko", {});
  const auto part = [&symbols](const char *variable, std::uint64_t distance) {
    return symbols.variable_part({variable, distance, 0});
  };
  EXPECT_EQ(part("plain", 0), "plain");
  EXPECT_EQ(part("bells", 4), "bells[1]");
  EXPECT_EQ(part("device", 0), "device.color");
  EXPECT_EQ(part("device", 4), "device.ready");
  EXPECT_EQ(part("device", 6), "device.ready+0x2");
  EXPECT_EQ(part("device", 10), "device.state[2]") << "in a union without a name";
  EXPECT_EQ(part("calls.0", 0), "calls.0");
  EXPECT_EQ(part("no_such_variable", 0), "no_such_variable");
  EXPECT_EQ(part("no_such_variable", 8), "no_such_variable+0x8");
}

TEST(Statement, EndsWhereItsNeighboursDo) {
  const std::vector<std::string> lines = {"{",
                                          "\tint x; /* local */",
                                          "",
                                          "\tWRITE_ONCE(shared->value,",
                                          "\t\t   other->value",
                                          "\t\t   + 1);",
                                          "\tx = 5; // not shared",
                                          "#define Y 1",
                                          "\tshared->value++;",
                                          "}"};
  EXPECT_EQ(statement_at(lines, 2), "int x; /* local */");
  EXPECT_EQ(statement_at(lines, 4), "WRITE_ONCE(shared->value, other->value + 1);");
  EXPECT_EQ(statement_at(lines, 5), statement_at(lines, 4));
  EXPECT_EQ(statement_at(lines, 7), "x = 5; // not shared");
  EXPECT_EQ(statement_at(lines, 9), "shared->value++;");
  EXPECT_EQ(statement_at(lines, 0), "");
  EXPECT_EQ(statement_at(lines, 11), "");
}

TEST_F(SymbolsTest, AnUnknownFunctionHasNoLine) {
  ModuleSymbols symbols(ko(), {folder()});
  EXPECT_EQ(told(symbols.lines_at({"nowhere", 0, 0}, Address::exact)), Lines{});
}

TEST_F(SymbolsTest, ASourceThatWasChangedSinceIsNotShown) {
  fs::last_write_time(folder() / "places.c", fs::file_time_type::clock::now());
  ModuleSymbols symbols(ko(), {folder()});
  EXPECT_EQ(told(symbols.lines_at({"places_exit", 7, 14}, Address::exact)),
            Lines{"places_exit /src/places/places.c:53 "});
}

TEST_F(SymbolsTest, ASourceOutsideOfTheFoldersIsNotShown) {
  const support::ScratchFolder elsewhere;
  fs::rename(folder() / "places.c", elsewhere.path() / "places.c");
  fs::create_symlink(elsewhere.path() / "places.c", folder() / "places.c");
  ModuleSymbols symbols(ko(), {folder()});
  EXPECT_EQ(told(symbols.lines_at({"places_exit", 7, 14}, Address::exact)),
            Lines{"places_exit /src/places/places.c:53 "});
}

TEST_F(SymbolsTest, AnAddressHasItsPlaceInTheCodeThatStays) {
  const ModuleSymbols symbols(ko(), {folder()});
  constexpr std::uint64_t kPlacesBase = 0xffffffffc0201000;
  EXPECT_EQ(symbols.place_of(kPlacesBase, kPlacesBase), (CodePlace{"twin", 0, 12}));
  EXPECT_EQ(symbols.place_of(kPlacesBase + 0x67, kPlacesBase), (CodePlace{"twin", 7, 36}));
  // .exit.text follows .text at a multiple of 16; .init.text is elsewhere.
  EXPECT_EQ(symbols.place_of(kPlacesBase + 0xb7, kPlacesBase), (CodePlace{"places_exit", 7, 14}));
  EXPECT_EQ(symbols.place_of(kPlacesBase + 0xa8, kPlacesBase), std::nullopt);
  EXPECT_EQ(symbols.place_of(kPlacesBase + 0xbe, kPlacesBase), std::nullopt);
  EXPECT_EQ(symbols.place_of(kPlacesBase - 1, kPlacesBase), std::nullopt);
}

TEST_F(SymbolsTest, ASectionHasItsSizeAndItsNames) {
  const ModuleSymbols symbols(ko(), {folder()});
  EXPECT_EQ(kept_size(".exit.text"), 14u);
  EXPECT_EQ(kept_size(".nothing"), std::nullopt);
  EXPECT_EQ(symbols.nearest_in(".text", 0x67), (CodePlace{"twin", 7, 36}));
  EXPECT_EQ(symbols.nearest_in(".exit.text", 7), (CodePlace{"places_exit", 7, 14}));
  EXPECT_EQ(symbols.nearest_in(".exit.text", 14), std::nullopt) << "behind its end";
  EXPECT_EQ(symbols.nearest_in(".nothing", 0), std::nullopt);
}

TEST_F(SymbolsTest, APlaceHasItsAddressInEachPartOfTheCode) {
  using Part = ModuleSymbols::Part;
  const ModuleSymbols symbols(ko(), {folder()});
  constexpr std::uint64_t kBase = 0xffffffffc0201000;
  EXPECT_EQ(symbols.address_of({.function = "places_exit", .offset = 7, .size = 0}, Part::kept, kBase), kBase + 0xb7);
  EXPECT_EQ(symbols.address_of({.function = "places_exit", .offset = 14, .size = 0}, Part::kept, kBase), std::nullopt)
      << "the function is shorter";
  EXPECT_EQ(symbols.address_of({.function = "places_exit", .offset = 7, .size = 0}, Part::init, kBase), std::nullopt);
  EXPECT_EQ(symbols.address_of({.function = "removed", .offset = 0, .size = 0}, Part::kept, kBase), std::nullopt);
  const auto of_init = symbols.function_at(kBase + 2, Part::init, kBase);
  ASSERT_TRUE(of_init);
  EXPECT_EQ(symbols.address_of(*of_init, Part::init, kBase), kBase + 2);
  EXPECT_EQ(symbols.function_at(kBase + 0x67, Part::kept, kBase), (CodePlace{"twin", 7, 36}));
}

TEST_F(SymbolsTest, WithoutDebugInfoPlacesStayAndLinesGo) {
  const std::string whole = storage::read_whole_file(ko());
  const std::string stripped = without_debug_info(whole);
  EXPECT_LT(stripped.size(), whole.size() / 2);
  EXPECT_EQ(stripped.find("/src/places"), std::string::npos);
  storage::write_whole_file(folder() / "stripped.ko", stripped);
  ModuleSymbols symbols(folder() / "stripped.ko", {folder()});
  EXPECT_FALSE(symbols.has_lines());
  EXPECT_EQ(told(symbols.lines_at({"places_exit", 7, 14}, Address::exact)), Lines{});
  EXPECT_EQ(symbols.place_of(0x1067, 0x1000), (CodePlace{"twin", 7, 36}));
  EXPECT_EQ(without_debug_info(stripped), stripped);
}

TEST_F(SymbolsTest, WhatIsSignedOrNoWholeFileIsLeftAlone) {
  const std::string whole = storage::read_whole_file(ko());
  const std::string with_signature = whole + "~Module signature appended~\n";
  EXPECT_EQ(without_debug_info(with_signature), with_signature);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{10}, std::size_t{64}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_EQ(without_debug_info(whole.substr(0, size)), whole.substr(0, size)) << size;
  }
}

TEST_F(SymbolsTest, AFileThatIsNoModuleIsNamed) {
  storage::write_whole_file(folder() / "text.ko", "no ELF");
  try {
    const ModuleSymbols symbols(folder() / "text.ko", {});
    FAIL() << "no error";
  } catch (const base::Error &error) {
    EXPECT_EQ(std::string(error.what()).find("cannot read the symbols of " + (folder() / "text.ko").string()), 0u)
        << error.what();
  }
}

}  // namespace
}  // namespace kmodtest::kernel
