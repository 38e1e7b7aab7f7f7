// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/kallsyms.hpp"

#include <gtest/gtest.h>

#include "support/kallsyms_writer.hpp"

namespace kmodtest::kernel {
namespace {

using support::kBase;
using support::kRodata;
using support::Layout;
using support::sample_symbols;
using support::symbol_table;

class KallsymsOf : public ::testing::TestWithParam<Layout> {};

TEST_P(KallsymsOf, AreFoundByTheirShape) {
  const auto symbols = sample_symbols(GetParam());
  const auto found = find_kallsyms(symbol_table(symbols, GetParam()), kRodata);
  ASSERT_EQ(found.size(), symbols.size());
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    EXPECT_EQ(found[i].name, symbols[i].name);
    EXPECT_EQ(found[i].type, symbols[i].type);
    EXPECT_EQ(found[i].address, symbols[i].address) << symbols[i].name;
  }
}

TEST_P(KallsymsOf, OfACutTableAreNone) {
  const std::string whole = symbol_table(sample_symbols(GetParam()), GetParam());
  for (std::size_t size = 0; size + 128 < whole.size(); size += 997) {
    EXPECT_TRUE(find_kallsyms(whole.substr(0, size), kRodata).empty()) << size;
  }
}

TEST(Kallsyms, ThatLeadOutOfTheKernelAreNone) {
  const Layout layout = Layout::offsets_from_themselves;
  EXPECT_TRUE(find_kallsyms(symbol_table(sample_symbols(layout), layout), 0x10000000).empty());
}

std::string name_of(const ::testing::TestParamInfo<Layout> &layout) {
  if (layout.param == Layout::offsets_first) return "OffsetsFirst";
  return layout.param == Layout::offsets_last ? "OffsetsLast" : "OffsetsFromThemselves";
}

INSTANTIATE_TEST_SUITE_P(Layouts, KallsymsOf,
                         ::testing::Values(Layout::offsets_first, Layout::offsets_last,
                                           Layout::offsets_from_themselves),
                         name_of);

TEST(SymbolTable, NamesPlacesInCode) {
  const SymbolTable table({{kBase + 0x100, 'T', "schedule"},
                           {kBase + 0x40, 't', "msleep"},
                           {kBase + 0x40, 't', "its_other_name"},
                           {kBase + 0x200, 'D', "init_task"},
                           {kBase + 0x300, 'B', "_end"}});
  EXPECT_EQ(table.place_of(kBase + 0x6d)->str(), "msleep+0x2d/0xc0");
  EXPECT_EQ(table.place_of(kBase + 0x100)->str(), "schedule+0x0/0x100");
  EXPECT_FALSE(table.place_of(kBase + 0x210)) << "data";
  EXPECT_FALSE(table.place_of(kBase));
  EXPECT_FALSE(table.place_of(kBase + 0x400));
  EXPECT_EQ(table.address_of("init_task"), kBase + 0x200);
  EXPECT_EQ(table.address_of("none"), std::nullopt);
}

}  // namespace
}  // namespace kmodtest::kernel
