// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/volatile_names.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "kernel/symbols/own_source.hpp"

namespace kmodtest::kernel {
namespace {

constexpr int kMostTypes = 16;  ///< behind each other: a typedef of an array of a volatile type
constexpr int kDeepestBlock = 32;

bool is_volatile(Dwarf_Die &declared) {
  Dwarf_Die type = declared;
  for (int i = 0; i < kMostTypes; ++i) {
    Dwarf_Attribute attribute;
    if (dwarf_formref_die(dwarf_attr_integrate(&type, DW_AT_type, &attribute), &type) == nullptr) return false;
    const int tag = dwarf_tag(&type);
    if (tag == DW_TAG_volatile_type) return true;
    if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_array_type && tag != DW_TAG_pointer_type)
      return false;
  }
  return false;
}

void add_names(Dwarf_Die &scope, int depth, std::set<std::string, std::less<>> &names) {
  Dwarf_Die child;
  if (depth > kDeepestBlock || dwarf_child(&scope, &child) != 0) return;
  do {
    switch (dwarf_tag(&child)) {
      case DW_TAG_variable:
      case DW_TAG_member:
        if (const char *name = dwarf_diename(&child);
            name != nullptr && is_volatile(child) && is_in_own_source(child)) {
          names.insert(name);
        }
        break;
      case DW_TAG_structure_type:
      case DW_TAG_union_type:
      case DW_TAG_subprogram:
      case DW_TAG_lexical_block:
        add_names(child, depth + 1, names);
        break;
      default:
        break;
    }
  } while (dwarf_siblingof(&child, &child) == 0);
}

}  // namespace

std::set<std::string, std::less<>> volatile_names(Dwfl_Module *module) {
  std::set<std::string, std::less<>> names;
  Dwarf_Addr bias = 0;
  Dwarf_Die *unit = nullptr;
  while ((unit = dwfl_module_nextcu(module, unit, &bias)) != nullptr) add_names(*unit, 0, names);
  return names;
}

}  // namespace kmodtest::kernel
