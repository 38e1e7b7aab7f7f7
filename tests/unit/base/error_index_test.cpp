// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "base/error.hpp"
#include "base/write_error.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::base {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Errors, TheirNumbersAreInOrderAndOfTheirArea) {
  std::set<std::string> names;
  unsigned last = 0, area = 0;
  for (const ErrorArea *errors : error_areas()) {
    ++area;
    for (const ErrorText &text : errors->errors) {
      const auto number = static_cast<unsigned>(text.code);
      EXPECT_LT(last, number) << name_of(text.code);
      EXPECT_EQ(number / 100, area) << name_of(text.code);
      EXPECT_TRUE(names.insert(name_of(text.code)).second) << name_of(text.code);
      last = number;
    }
  }
  EXPECT_GT(names.size(), 100u);
}

TEST(Errors, EachCodeHasATextAndEachTextACode) {
  std::set<unsigned> codes, texts;
  std::istringstream lines(
      support::read_file(std::string(KMODTEST_TEST_DATA) + "/../../framework/base/error_code.hpp"));
  const std::regex code("  [a-z_0-9]+ = ([0-9]+),.*");
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, match, code)) codes.insert(static_cast<unsigned>(std::stoul(match[1])));
  }
  codes.erase(0);  // Code::none
  for (const ErrorArea *errors : error_areas()) {
    for (const ErrorText &text : errors->errors) texts.insert(static_cast<unsigned>(text.code));
  }
  EXPECT_EQ(codes, texts);
}

constexpr std::string_view kWellFormed =
    "# K0601: there is no QEMU\n\nOne\ntwo.\n\nThree.\n\n## Cause\n\nFour.\n\n## Remedy\n\nInstall it:\n\n```sh\napt "
    "install\n```\n\n## Example\n\n```output\nkmodtest: …\n\n  hint\n```\n";

TEST(Errors, AFileIsReadInParts) {
  const ErrorText text = parse_error_text({"K0601.md", kWellFormed});
  EXPECT_EQ(text.code, Code::no_qemu);
  EXPECT_EQ(text.title, "there is no QEMU");
  EXPECT_EQ(text.meaning, "One two.\nThree.");
  EXPECT_EQ(text.cause, "Four.");
  EXPECT_EQ(text.remedy, "Install it:\n    apt install");
  EXPECT_EQ(text.example, "kmodtest: …\n\n  hint");
  EXPECT_EQ(text.kind, ErrorText::Example::output);
}

TEST(Errors, AMalformedFileIsRefused) {
  EXPECT_THROW(parse_error_text({"K0602.md", kWellFormed}), std::logic_error);
  for (const std::string_view part : {"# K", "601", ": there", "there is no QEMU", "## Cause", "Four.", "## Remedy",
                                      "## Example", "output", "```\n"}) {
    std::string text(kWellFormed);
    text.erase(text.rfind(part), part.size());
    EXPECT_THROW(parse_error_text({"K0601.md", text}), std::logic_error) << "without " << part;
  }
  EXPECT_THROW(parse_error_text({"K0601.md", std::string(kWellFormed) + "more\n"}), std::logic_error);
}

TEST(Errors, EachOneSaysWhatWhyAndHow) {
  std::set<std::string> titles;
  for (const ErrorArea *errors : error_areas()) {
    for (const ErrorText &text : errors->errors) {
      const std::string name = name_of(text.code);
      for (const std::string &part : {text.meaning, text.cause, text.remedy, text.example}) EXPECT_NE(part, "") << name;
      for (const std::string &part : {text.meaning, text.cause}) EXPECT_TRUE(part.ends_with('.')) << name << part;
      EXPECT_FALSE(text.title.ends_with('.')) << name;
      EXPECT_TRUE(titles.insert(text.title).second) << name << ": " << text.title << " is that of two errors";
      // An example shows this error, perhaps after a different one that it quotes.
      if (text.kind == ErrorText::Example::output && text.example.find("error[") != std::string::npos) {
        EXPECT_THAT(text.example, HasSubstr("[" + name + "]"));
      }
    }
  }
}

TEST(Errors, ANameHasFourDigits) {
  EXPECT_EQ(name_of(Code::unknown_option), "K0101");
  EXPECT_EQ(name_of(Code::no_qemu), "K0601");
  EXPECT_EQ(name_of(Code::none), "");
}

TEST(Errors, AreFoundAsPeopleWriteThem) {
  for (const char *name : {"K0601", "k0601", "601", "0601", "error[K0601]"}) {
    const ErrorText *text = text_of(name);
    ASSERT_NE(text, nullptr) << name;
    EXPECT_EQ(text->code, Code::no_qemu) << name;
  }
  for (const char *name : {"", "K", "K0000", "K0699", "QEMU", "K06O1", "99999999999", "-601", "K0601x"})
    EXPECT_EQ(text_of(name), nullptr) << name;
}

TEST(Errors, TheNearestIsThatOfOneSlip) {
  const auto nearest = [](const char *name) {
    const ErrorText *text = nearest_error(name);
    return text == nullptr ? std::string("none") : name_of(text->code);
  };
  EXPECT_EQ(nearest("K0651"), "K0601");
  EXPECT_EQ(nearest("K6001"), "K0601");  // two digits are swapped
  EXPECT_EQ(nearest("K0999"), "K0999");
  EXPECT_EQ(nearest("K5478"), "none");
  EXPECT_EQ(nearest("qemu"), "none");
}

TEST(Errors, AnExplanationBreaksTextsAndKeepsCommands) {
  const ErrorText text{Code::no_qemu,
                       "there is no QEMU",
                       "One two three four five six.",
                       "Seven.",
                       "Do this:\n    sudo apt-get install something-with-a-long-name",
                       "first\nsecond"};
  EXPECT_EQ(explain(text, 12),
            "K0601: there is no QEMU\n\nOne two\nthree four\nfive six.\n\nWhy it happens\n\nSeven.\n\n"
            "How to fix it\n\nDo this:\n    sudo apt-get install something-with-a-long-name\n\n"
            "Example\n\n    first\n    second\n");
}

TEST(Errors, TheListHasEachOnALine) {
  const std::string list = list_errors();
  EXPECT_THAT(list, HasSubstr("QEMU and libvirt\n  K0601  QEMU is not installed\n"));
  for (const ErrorArea *errors : error_areas()) {
    for (const ErrorText &text : errors->errors) EXPECT_THAT(list, HasSubstr("  " + name_of(text.code) + "  "));
  }
}

TEST(Errors, TheDocumentIsWhatTheTablePrints) {
  const std::string file = std::string(KMODTEST_TEST_DATA) + "/../../docs/errors.md";
  EXPECT_TRUE(support::read_file(file) == errors_markdown())
      << "make it again: build/kmodtest explain --markdown > docs/errors.md";
}

TEST(Errors, AWriteThatFindsNoRoomHasACodeOfItsOwn) {
  EXPECT_EQ(code_of_write(ENOSPC), Code::disk_full);
  EXPECT_EQ(code_of_write(EDQUOT), Code::disk_full);
  EXPECT_EQ(code_of_write(EACCES), Code::cannot_write);
  EXPECT_EQ(reason_of_write(EDQUOT), "the disk is full");
  EXPECT_EQ(reason_of_write(EACCES), "Permission denied");
}

}  // namespace
}  // namespace kmodtest::base
