// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/pointers_left.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <map>

#include "base/error.hpp"
#include "support/btf_writer.hpp"

namespace kmodtest::run {
namespace {

using Address = std::uint64_t;
using judge::Holder;

constexpr Address kImageAt = 0xffffffff80000000, kDirectMap = 0xffff888000000000, kPageStructs = 0xffffea0000000000;
constexpr Address kBanner = kImageAt + 0x1000000, kTopTable = kImageAt + 0x1001000, kCpuOffsets = kImageAt + 0x1002000;
constexpr Address kClears = kImageAt + 0x1003000, kModules = kImageAt + 0x1003100;
constexpr Address kVariable = kImageAt + 0x1010100;
constexpr Address kGone = 0xffffffffc0300000;
// Places in the guest's memory.
constexpr Address kCpuArea = 0x2000000, kTables = 0x3000000, kStructs = 0x4000000, kObjects = 0x5000000,
                  kCaches = 0x6000000;
constexpr std::uint64_t kObjectBytes = 64, kRandom = 0x1234567890abcdef;

Address swapped(Address word) {
  return __builtin_bswap64(word);
}

/// A guest's memory, filled by hand.
class FakeGuest : public vm::Inspector {
 public:
  std::vector<vm::CpuRegisters> registers() override { return {}; }
  std::string memory(Address, std::size_t) override { throw base::Error(base::Code::defect, "not asked for"); }
  std::uint32_t timer() override { return 0; }
  std::vector<vm::MemoryWord> changed_pointers(const std::vector<vm::MemoryRange> &into) override {
    std::vector<vm::MemoryWord> found;
    for (const auto &[at, value] : words_) {
      for (const vm::MemoryRange &range : into) {
        if (value - range.begin < range.bytes) found.push_back({.at = at, .value = value});
      }
    }
    return found;
  }
  std::vector<std::string> pieces(const std::vector<vm::MemoryRange> &wanted) override {
    std::vector<std::string> all;
    for (const vm::MemoryRange &piece : wanted) {
      std::string bytes(piece.bytes, '\0');
      for (auto word = words_.lower_bound(piece.begin); word != words_.end(); ++word) {
        if (word->first >= piece.begin + piece.bytes) break;
        std::memcpy(bytes.data() + (word->first - piece.begin), &word->second, sizeof word->second);
      }
      all.push_back(std::move(bytes));
    }
    return all;
  }
  void put(Address at, std::uint64_t word) { words_[at] = word; }
  void put_text(Address at, std::string text) {
    text.resize((text.size() + 8) / 8 * 8);
    for (std::size_t i = 0; i < text.size(); i += 8) std::memcpy(&words_[at + i], text.data() + i, 8);
  }

 private:
  std::map<Address, std::uint64_t> words_;
};

/// The layouts of 6.1.
std::string btf() {
  support::BtfWriter writer;
  const auto number = writer.integer("long", 8);
  writer.structure("page", 64, {{"flags", number, 0}, {"compound_head", number, 8}});
  writer.structure("slab", 64, {{"slab_cache", number, 24}, {"freelist", number, 32}, {"counters", number, 40}});
  writer.structure("kmem_cache", 64,
                   {{"cpu_slab", number, 0},
                    {"size", number, 8},
                    {"offset", number, 16},
                    {"name", number, 24},
                    {"random", number, 32},
                    {"ctor", number, 40}});
  writer.structure("radix_tree_preload", 16, {{"nodes", number, 8}});
  writer.structure("xa_node", 64, {{"parent", number, 8}});
  writer.structure("kmem_cache_cpu", 24, {{"freelist", number, 0}, {"slab", number, 16}});
  const auto list = writer.structure("list_head", 16, {{"next", number, 0}, {"prev", number, 8}});
  writer.structure("module", 64, {{"list", list, 8}, {"sect_attrs", number, 32}});
  writer.structure("vm_struct", 64, {{"addr", number, 8}, {"size", number, 16}, {"caller", number, 56}});
  writer.enumeration("pageflags", {"PG_locked", "PG_referenced", "PG_slab"});
  return writer.finish();
}

/// The layouts of 7.3.
std::string new_btf() {
  support::BtfWriter writer;
  const auto number = writer.integer("long", 8);
  writer.structure("page", 64, {{"flags", number, 0}, {"compound_info", number, 8}, {"page_type", number, 48}});
  writer.structure("slab", 64, {{"slab_cache", number, 24}, {"freelist", number, 32}, {"counters", number, 40}});
  writer.structure("kmem_cache", 128,
                   {{"cpu_sheaves", number, 0},
                    {"size", number, 8},
                    {"offset", number, 16},
                    {"name", number, 24},
                    {"random", number, 32},
                    {"per_node", number, 40}});
  writer.structure("slub_percpu_sheaves", 32, {{"main", number, 8}, {"spare", number, 16}, {"rcu_free", number, 24}});
  const auto list = writer.structure("list_head", 16, {{"next", number, 0}, {"prev", number, 8}});
  writer.structure("slab_sheaf", 40, {{"barn_list", list, 0}, {"size", number, 24}, {"objects", number, 32}});
  writer.structure("node_barn", 40, {{"sheaves_full", list, 8}});
  writer.enumeration("pagetype", {"PGTY_buddy", "PGTY_table", "PGTY_slab"});
  return writer.finish();
}

kernel::KernelImage image_with(const std::string &layouts);

kernel::KernelImage image(bool has_layouts = true) {
  return image_with(has_layouts ? btf() : "");
}

kernel::KernelImage image_with(const std::string &layouts) {
  return {kernel::SymbolTable({{0x100, 'd', "timer_bases"},
                               {0x200, 'd', "radix_tree_preloads"},
                               {0x400, 'A', "__per_cpu_end"},
                               {kBanner, 'D', "linux_banner"},
                               {kTopTable, 'D', "init_top_pgt"},
                               {kCpuOffsets, 'D', "__per_cpu_offset"},
                               {kClears, 'D', "init_on_alloc"},
                               {kModules, 'd', "modules"},
                               {kVariable - 0x100, 'D', "_sdata"},
                               {kVariable, 'd', "file_systems"},
                               {kVariable + 16, 'd', "formats"},
                               {kVariable + 0x100, 'D', "_edata"}}),
          kernel::StructLayouts(layouts),
          {}};
}

class PointersLeft : public ::testing::Test {
 protected:
  PointersLeft() {
    guest_.put_text(kBanner - kImageAt, "Linux version 6.1.0");
    guest_.put(kClears - kImageAt, 1);
    guest_.put(kCpuOffsets - kImageAt, kDirectMap + kCpuArea);
    map_large(kPageStructs, kStructs);
    // One slab of eight objects of 64 bytes.
    const Address page = kStructs + kObjects / 4096 * 64;
    guest_.put(page, 1u << 2);
    guest_.put(page + 24, kDirectMap + kCaches);
    guest_.put(page + 32, kDirectMap + kObjects + 2 * kObjectBytes);  // freed: 2, then 5
    guest_.put(page + 40, 8u << 16 | 6u);
    free_object(2, kDirectMap + kObjects + 5 * kObjectBytes);
    free_object(5, 0);
    guest_.put(kCaches, 0x300);  // each CPU's part
    guest_.put(kCaches + 8, kObjectBytes);
    guest_.put(kCaches + 16, 32);
    guest_.put(kCaches + 24, kDirectMap + kCaches + 0x100);
    guest_.put(kCaches + 32, kRandom);
    guest_.put_text(kCaches + 0x100, "kmalloc-64");
    // The CPU has freed 3 as well.
    guest_.put(kCpuArea + 0x300, kDirectMap + kObjects + 3 * kObjectBytes);
    guest_.put(kCpuArea + 0x310, kPageStructs + kObjects / 4096 * 64);
    free_object(3, 0);
  }

  /// Maps two MiB.
  void map_large(Address address, Address to) {
    map(address, kTables, kTables + 0x1000);
    guest_.put(kTables + 0x1000 + (address >> 21 & 0x1ff) * 8, to | 0x83);
  }
  void map_page(Address address) {
    map(address, kTables + 0x2000, kTables + 0x3000);
    guest_.put(kTables + 0x3000 + (address >> 21 & 0x1ff) * 8, (kTables + 0x4000) | 3);
    guest_.put(kTables + 0x4000 + (address >> 12 & 0x1ff) * 8, 0x7000003);
  }
  void map(Address address, Address upper, Address middle) {
    guest_.put(kTopTable - kImageAt + (address >> 39 & 0x1ff) * 8, upper | 3);
    guest_.put(upper + (address >> 30 & 0x1ff) * 8, middle | 3);
  }
  void free_object(std::uint64_t index, Address next) {
    const Address at = kObjects + index * kObjectBytes + 32;
    guest_.put(at, next ^ kRandom ^ swapped(kDirectMap + at));
  }
  judge::PointerSearch look(const kernel::KernelImage &kernel = image()) {
    return find_pointers(guest_, kernel, {{.name = "ex", .address = kGone, .size = 0x3000}});
  }
  judge::PointerLeft only(const judge::PointerSearch &search) {
    EXPECT_TRUE(search.made);
    EXPECT_EQ(search.problem, "");
    EXPECT_EQ(search.found.size(), 1u);
    return search.found.empty() ? judge::PointerLeft{} : search.found.front();
  }

  FakeGuest guest_;
};

TEST_F(PointersLeft, NothingIsLeft) {
  EXPECT_TRUE(look().made);
  EXPECT_TRUE(look().found.empty());
}

TEST_F(PointersLeft, AVariableOfTheKernelHasItsName) {
  guest_.put(kVariable + 8 - kImageAt, kGone + 0x2010);
  const judge::PointerLeft left = only(look());
  EXPECT_EQ(left.holder, Holder::variable);
  EXPECT_EQ(left.name, "file_systems");
  EXPECT_EQ(left.offset, 8u);
  EXPECT_EQ(left.module, "ex");
  EXPECT_EQ(left.value - left.base, 0x2010u);
}

TEST_F(PointersLeft, AVariableOfEachCpuHasItsName) {
  guest_.put(kCpuArea + 0x148, kGone);
  const judge::PointerLeft left = only(look());
  EXPECT_EQ(left.holder, Holder::per_cpu_variable);
  EXPECT_EQ(left.name, "timer_bases");
  EXPECT_EQ(left.offset, 0x48u);
}

TEST_F(PointersLeft, AnObjectIsAllocatedUnlessItIsInAListOfFreeOnes) {
  for (std::uint64_t object = 0; object < 8; ++object) {
    FakeGuest before = guest_;
    guest_.put(kObjects + object * kObjectBytes + 8, kGone);
    const judge::PointerLeft left = only(look());
    const bool freed = object == 2 || object == 3 || object == 5;
    EXPECT_EQ(left.holder, freed ? Holder::freed_object : Holder::object) << object;
    EXPECT_EQ(left.name, "kmalloc-64");
    EXPECT_EQ(left.offset, 8u);
    guest_ = before;
  }
}

TEST_F(PointersLeft, TheSectionsOfALoadedModuleAreNoPointers) {
  constexpr Address kModule = 0x6100000;
  guest_.put(kModules - kImageAt, kDirectMap + kModule + 8);
  guest_.put(kModule + 8, kModules);
  guest_.put(kModule + 32, kDirectMap + kObjects + kObjectBytes);
  guest_.put(kObjects + kObjectBytes + 8, kGone);
  EXPECT_EQ(only(look()).holder, Holder::unknown);
}

TEST_F(PointersLeft, WhoAskedForAnAreaOfVmallocIsNoPointer) {
  guest_.put(kObjects + 8, 0xffffc90000445000);
  guest_.put(kObjects + 16, 0x9000);
  guest_.put(kObjects + 56, kGone + 0x62);
  EXPECT_EQ(only(look()).holder, Holder::unknown);
}

TEST_F(PointersLeft, AnObjectThatIsNoAreaIsNotTakenForOne) {
  guest_.put(kObjects + 8, 0xffffc90000445010);
  guest_.put(kObjects + 16, 0x9000);
  guest_.put(kObjects + 56, kGone + 0x62);
  EXPECT_EQ(only(look()).holder, Holder::object);
}

TEST_F(PointersLeft, ANodeThatWasTakenOutOfATreePointsNowhere) {
  constexpr Address kNode = kVariable + 0x40;
  for (const Address distance : {8u, 16u, 24u, 32u}) {
    FakeGuest before = guest_;
    guest_.put(kNode - kImageAt, kNode);
    guest_.put(kNode + distance - kImageAt, kGone + 0x2010);
    EXPECT_EQ(only(look()).holder, Holder::unknown) << distance;
    guest_ = before;
  }
  guest_.put(kNode - kImageAt, kVariable);
  guest_.put(kNode + 16 - kImageAt, kGone + 0x2010);
  EXPECT_EQ(only(look()).holder, Holder::variable) << "a node in a tree has another one as its parent";
}

TEST_F(PointersLeft, WhatIsBehindAnEmptyListIsAPointer) {
  constexpr Address kList = kVariable + 0x40;
  guest_.put(kList - kImageAt, kList);
  guest_.put(kList + 8 - kImageAt, kList);
  guest_.put(kList + 16 - kImageAt, kGone + 0x2010);
  EXPECT_EQ(only(look()).holder, Holder::variable);
}

TEST_F(PointersLeft, AnAllocatedObjectCanHaveARemainderUnlessTheKernelClearsIt) {
  guest_.put(kObjects + 8, kGone);
  guest_.put(kClears - kImageAt, 0);
  EXPECT_EQ(only(look()).holder, Holder::uncleared_object);
}

TEST_F(PointersLeft, AnObjectOfACacheWithAConstructorIsNeverCleared) {
  guest_.put(kObjects + 8, kGone);
  guest_.put(kCaches + 40, kImageAt + 0x100);
  EXPECT_EQ(only(look()).holder, Holder::uncleared_object);
}

TEST_F(PointersLeft, ANodeThatIsSetAsideKeepsWhatWasInIt) {
  guest_.put_text(kCaches + 0x100, "radix_tree_node");
  guest_.put(kCaches + 40, kImageAt + 0x100);
  guest_.put(kCpuArea + 0x208, kDirectMap + kObjects + 4 * kObjectBytes);
  guest_.put(kObjects + 4 * kObjectBytes + 8, kDirectMap + kObjects + 6 * kObjectBytes);
  for (std::uint64_t object = 0; object < 8; ++object) {
    FakeGuest before = guest_;
    guest_.put(kObjects + object * kObjectBytes + 16, kGone);
    const bool freed = object == 2 || object == 3 || object == 5 || object == 4 || object == 6;
    EXPECT_EQ(only(look()).holder, freed ? Holder::freed_object : Holder::object) << object;
    guest_ = before;
  }
}

TEST_F(PointersLeft, OtherMemoryHasNoOwner) {
  guest_.put(0x7000000, kGone);
  EXPECT_EQ(only(look()).holder, Holder::unknown);
}

TEST_F(PointersLeft, WithoutLayoutsObjectsHaveNoOwner) {
  guest_.put(kObjects + 8, kGone);
  EXPECT_EQ(only(look(image(false))).holder, Holder::unknown);
}

TEST_F(PointersLeft, SinceSevenFreeObjectsAreInSheaves) {
  const Address page = kStructs + kObjects / 4096 * 64, barn = 0x6200000, sheaf = 0x6300000;
  guest_.put(page, 0);
  guest_.put(page + 48, 2u << 24);
  guest_.put(kCaches + 40, kDirectMap + barn);
  const auto put_sheaf = [&](Address at, std::uint64_t object) {
    guest_.put(at + 24, 1);
    guest_.put(at + 32, kDirectMap + kObjects + object * kObjectBytes);
  };
  put_sheaf(sheaf, 0);
  put_sheaf(sheaf + 0x100, 4);
  guest_.put(kCpuArea + 0x308, kDirectMap + sheaf);
  guest_.put(kCpuArea + 0x310, 0);
  guest_.put(barn + 8, kDirectMap + sheaf + 0x100);  // the list of full ones has one
  guest_.put(sheaf + 0x100, kDirectMap + barn + 8);
  for (std::uint64_t object = 0; object < 8; ++object) {
    FakeGuest before = guest_;
    guest_.put(kObjects + object * kObjectBytes + 8, kGone);
    const judge::PointerLeft left = only(look(image_with(new_btf())));
    const bool freed = object == 0 || object == 2 || object == 4 || object == 5;
    EXPECT_EQ(left.holder, freed ? Holder::freed_object : Holder::object) << object;
    EXPECT_EQ(left.name, "kmalloc-64");
    guest_ = before;
  }
}

TEST_F(PointersLeft, ALaterPageOfASlabKnowsTheFirst) {
  const Address page = kStructs + kObjects / 4096 * 64;
  guest_.put(page, 0);
  guest_.put(page + 48, 2u << 24);
  guest_.put(page + 40, 128u << 16 | 1u);
  guest_.put(page + 64 + 8, ~std::uint64_t{127} | 1);
  guest_.put(kObjects + 0x1000 + 8, kGone);
  const judge::PointerLeft left = only(look(image_with(new_btf())));
  EXPECT_EQ(left.holder, Holder::object);
  EXPECT_EQ(left.offset, 8u);
}

TEST_F(PointersLeft, VariablesOfEachCpuCanBeginInTheImage) {
  constexpr Address kFirst = kImageAt + 0x2800000;
  guest_.put(kCpuOffsets - kImageAt, kDirectMap + kCpuArea - kFirst);
  guest_.put(kCpuArea + 0x148, kGone);
  const kernel::KernelImage kernel{kernel::SymbolTable({{kFirst, 'D', "__per_cpu_start"},
                                                        {kFirst + 0x100, 'd', "timer_bases"},
                                                        {kFirst + 0x400, 'D', "__per_cpu_end"},
                                                        {kBanner, 'D', "linux_banner"},
                                                        {kTopTable, 'D', "init_top_pgt"},
                                                        {kCpuOffsets, 'D', "__per_cpu_offset"}}),
                                   kernel::StructLayouts(),
                                   {}};
  const judge::PointerLeft left = only(look(kernel));
  EXPECT_EQ(left.holder, Holder::per_cpu_variable);
  EXPECT_EQ(left.name, "timer_bases");
  EXPECT_EQ(left.offset, 0x48u);
}

TEST_F(PointersLeft, ARangeThatIsInUseAgainIsLeftOut) {
  guest_.put(kVariable - kImageAt, kGone);
  map_page(kGone + 0x2000);
  EXPECT_TRUE(look().made);
  EXPECT_TRUE(look().found.empty());
}

TEST_F(PointersLeft, AKernelThatIsElsewhereIsNotSearched) {
  guest_.put_text(kBanner - kImageAt, "something else");
  EXPECT_FALSE(look().made);
  EXPECT_EQ(look().problem, "the names of the kernel's variables do not fit its memory");
}

}  // namespace
}  // namespace kmodtest::run
