// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/variable_members.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fmt/format.h>
#include <optional>

#include "kernel/symbols/own_source.hpp"

namespace kmodtest::kernel {
namespace {

constexpr int kMostLevels = 16;

/// Returns the type of a variable, a member or an array's elements, without typedef, const and volatile.
std::optional<Dwarf_Die> type_of(Dwarf_Die declared) {
  for (int i = 0; i < kMostLevels; ++i) {
    Dwarf_Attribute attribute;
    if (dwarf_formref_die(dwarf_attr_integrate(&declared, DW_AT_type, &attribute), &declared) == nullptr) break;
    const int tag = dwarf_tag(&declared);
    if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type) return declared;
  }
  return std::nullopt;
}

/// Returns the member that contains a distance, and takes its start off the distance.
std::optional<Dwarf_Die> member_of(Dwarf_Die structure, std::uint64_t &distance) {
  Dwarf_Die member;
  if (dwarf_child(&structure, &member) != 0) return std::nullopt;
  do {
    if (dwarf_tag(&member) != DW_TAG_member) continue;
    Dwarf_Attribute attribute;
    Dwarf_Word start = 0;  // a union's members have none
    dwarf_formudata(dwarf_attr(&member, DW_AT_data_member_location, &attribute), &start);
    Dwarf_Word size = 0;
    auto type = type_of(member);
    if (!type || dwarf_aggregate_size(&*type, &size) != 0) continue;
    if (distance < start || distance - start >= size) continue;
    distance -= start;
    return member;
  } while (dwarf_siblingof(&member, &member) == 0);
  return std::nullopt;
}

std::string part_of(Dwarf_Die type, std::uint64_t distance) {
  std::string text;
  for (int depth = 0; depth < kMostLevels; ++depth) {
    std::optional<Dwarf_Die> inner;
    const int tag = dwarf_tag(&type);
    if (tag == DW_TAG_array_type) {
      Dwarf_Word size = 0;
      inner = type_of(type);
      if (!inner || dwarf_aggregate_size(&*inner, &size) != 0 || size == 0) break;
      text += fmt::format("[{}]", distance / size);
      distance %= size;
    } else if ((tag == DW_TAG_structure_type || tag == DW_TAG_union_type) && is_in_own_source(type)) {
      auto member = member_of(type, distance);
      if (!member) break;
      if (const char *name = dwarf_diename(&*member)) text += fmt::format(".{}", name);
      inner = type_of(*member);
    }
    if (!inner) break;
    type = *inner;
  }
  if (!text.empty() && distance != 0) text += fmt::format("+{:#x}", distance);
  return text;
}

/// Returns a variable of a file, or of one of its functions (a static one).
std::optional<Dwarf_Die> variable_of(Dwarf_Die scope, const std::string &name, int depth = 0) {
  Dwarf_Die child;
  if (depth > kMostLevels || dwarf_child(&scope, &child) != 0) return std::nullopt;
  do {
    const int tag = dwarf_tag(&child);
    const char *own = dwarf_diename(&child);
    if (tag == DW_TAG_variable && own != nullptr && name == own && type_of(child)) return child;
    if (tag != DW_TAG_subprogram && tag != DW_TAG_lexical_block) continue;
    if (auto found = variable_of(child, name, depth + 1)) return found;
  } while (dwarf_siblingof(&child, &child) == 0);
  return std::nullopt;
}

}  // namespace

std::string member_at(Dwfl_Module *module, const std::string &variable, std::uint64_t distance) {
  const std::string name = variable.substr(0, variable.find('.'));  // gcc: "count.3" of a function
  Dwarf_Addr bias = 0;
  Dwarf_Die *unit = nullptr;
  while ((unit = dwfl_module_nextcu(module, unit, &bias)) != nullptr) {
    const auto found = variable_of(*unit, name);
    if (!found) continue;
    const auto type = type_of(*found);
    return type ? part_of(*type, distance) : "";
  }
  return {};
}

}  // namespace kmodtest::kernel
