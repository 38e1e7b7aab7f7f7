// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/debug_files.hpp"

#include <elf.h>
#include <fstream>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "kernel/boot/elf_image.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

constexpr const char *kKallsyms =
    "0000000000000000 A fixed_percpu_data\n"
    "ffffffff81000000 T _text\n"
    "ffffffff811399a0 t do_init_module\n"
    "ffffffff82000000 D jiffies\n"
    "ffffffffc020b000 t thread_function\t[ex7_1]\n";

/// Returns a module with two relocations of its struct module: one for init_module, one for cleanup_module.
std::string module_with_init() {
  const std::string names("\0init_module\0cleanup_module\0", 28);
  const std::string sections("\0.rela.gnu.linkonce.this_module\0.symtab\0.strtab\0.shstrtab\0", 58);
  std::string relocations, table;
  append_record(relocations, Elf64_Rela{0x138, ELF64_R_INFO(1, R_X86_64_64), 0});
  append_record(relocations, Elf64_Rela{0x300, ELF64_R_INFO(2, R_X86_64_64), 0});
  append_record(table, Elf64_Sym{});
  append_record(table, Elf64_Sym{1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, 0});
  append_record(table, Elf64_Sym{13, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0, 0});
  Elf64_Ehdr header = elf_header(ET_REL, 5);
  const std::size_t relocations_at = sizeof header, table_at = relocations_at + relocations.size();
  const std::size_t names_at = table_at + table.size(), sections_at = names_at + names.size();
  header.e_shoff = (sections_at + sections.size() + 7) / 8 * 8;
  std::string bytes;
  append_record(bytes, header);
  bytes += relocations + table + names + sections;
  bytes.resize(header.e_shoff);
  append_record(bytes, Elf64_Shdr{});
  append_record(bytes, Elf64_Shdr{1, SHT_RELA, 0, 0, relocations_at, relocations.size(), 2, 0, 8, sizeof(Elf64_Rela)});
  append_record(bytes, Elf64_Shdr{32, SHT_SYMTAB, 0, 0, table_at, table.size(), 3, 1, 8, sizeof(Elf64_Sym)});
  append_record(bytes, Elf64_Shdr{40, SHT_STRTAB, 0, 0, names_at, names.size(), 0, 0, 1, 0});
  append_record(bytes, Elf64_Shdr{48, SHT_STRTAB, 0, 0, sections_at, sections.size(), 0, 0, 1, 0});
  return bytes;
}

std::uint64_t type_of_relocation(const std::string &module, std::size_t which) {
  Elf64_Rela relocation;
  std::memcpy(&relocation, module.data() + sizeof(Elf64_Ehdr) + which * sizeof relocation, sizeof relocation);
  return ELF64_R_TYPE(relocation.r_info);
}

TEST(DebugFiles, ADormantModuleHasNoInitAndIsTheSameOtherwise) {
  const std::string module = module_with_init();
  const std::string dormant = dormant_module(module);
  ASSERT_EQ(dormant.size(), module.size());
  EXPECT_EQ(type_of_relocation(module, 0), static_cast<std::uint64_t>(R_X86_64_64));
  EXPECT_EQ(type_of_relocation(dormant, 0), static_cast<std::uint64_t>(R_X86_64_NONE));
  EXPECT_EQ(type_of_relocation(dormant, 1), static_cast<std::uint64_t>(R_X86_64_64));
  std::size_t different = 0;
  for (std::size_t i = 0; i < module.size(); ++i) different += module[i] != dormant[i] ? 1 : 0;
  EXPECT_EQ(different, 1u);
  EXPECT_EQ(dormant_module(dormant), dormant);
  EXPECT_THROW(dormant_module("no module"), base::Error);
}

TEST(DebugFiles, KallsymsGiveTheKernelsOwnNames) {
  EXPECT_EQ(address_in_kallsyms(kKallsyms, "do_init_module"), 0xffffffff811399a0u);
  EXPECT_EQ(address_in_kallsyms(kKallsyms, "thread_function"), std::nullopt) << "a module's";
  EXPECT_EQ(address_in_kallsyms(kKallsyms, "fixed_percpu_data"), std::nullopt) << "an offset";
}

TEST(DebugFiles, AndAnElfFileThatHasThem) {
  const support::ScratchFolder scratch;
  const auto file = scratch.path() / "kernel.elf";
  std::ofstream(file, std::ios::binary) << symbols_from_kallsyms(kKallsyms);
  EXPECT_EQ(address_in_elf(file, "_text"), 0xffffffff81000000u);
  EXPECT_EQ(address_in_elf(file, "do_init_module"), 0xffffffff811399a0u);
  EXPECT_EQ(address_in_elf(file, "jiffies"), 0xffffffff82000000u);
  EXPECT_EQ(address_in_elf(file, "thread_function"), std::nullopt);
  EXPECT_EQ(address_in_elf(scratch.path() / "none", "_text"), std::nullopt);
}

TEST(DebugFiles, AKernelThatHidesItsAddressesIsToldSo) {
  try {
    symbols_from_kallsyms("0000000000000000 T _text\n0000000000000000 T _stext\n");
    FAIL() << "no error";
  } catch (const base::Error &error) {
    EXPECT_STREQ(error.what(), "/proc/kallsyms of the guest has no addresses");
  }
}

TEST(DebugFiles, DebugSymbolsAreFoundBesideTheKernel) {
  const support::ScratchFolder scratch;
  Kernel kernel;
  kernel.release = "6.1.0-0-none";
  kernel.image = scratch.path() / "boot/vmlinuz-6.1.0-0-none";
  EXPECT_EQ(debug_vmlinux(kernel), std::nullopt);
  const auto file = scratch.path() / "usr/lib/debug/boot/vmlinux-6.1.0-0-none";
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << "x";
  EXPECT_EQ(debug_vmlinux(kernel), file);
}

}  // namespace
}  // namespace kmodtest::kernel
