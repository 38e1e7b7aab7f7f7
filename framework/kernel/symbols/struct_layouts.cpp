// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/struct_layouts.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kmodtest::kernel {
namespace {

// <linux/btf.h>
enum Kind : unsigned {
  kInt = 1,
  kArray = 3,
  kStruct = 4,
  kUnion = 5,
  kEnum = 6,
  kTypedef = 8,
  kVolatile = 9,
  kConst = 10,
  kRestrict = 11,
  kFuncProto = 13,
  kVar = 14,
  kDataSection = 15,
  kDeclTag = 17,
  kTypeTag = 18,
  kEnum64 = 19,
  kLast = kEnum64
};
constexpr std::uint16_t kMagic = 0xeb9f;
constexpr std::size_t kMemberBytes = 12;
constexpr int kDeepest = 16;
constexpr int kMostMembers = 10'000;  // task_struct has about 300

/// Returns the number of bytes that follow the three words of a type.
std::size_t tail_bytes(unsigned kind, std::size_t members) {
  switch (kind) {
    case kInt:
    case kVar:
    case kDeclTag:
      return 4;
    case kArray:
      return 12;
    case kStruct:
    case kUnion:
    case kDataSection:
    case kEnum64:
      return members * kMemberBytes;
    case kEnum:
    case kFuncProto:
      return members * 8;
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::uint32_t> StructLayouts::number(std::size_t at) const {
  if (at > btf_.size() || btf_.size() - at < sizeof(std::uint32_t)) return std::nullopt;
  std::uint32_t value = 0;
  std::memcpy(&value, btf_.data() + at, sizeof value);
  return value;
}

std::string_view StructLayouts::name(std::uint32_t offset) const {
  if (offset >= strings_end_ - strings_) return {};
  const std::string_view from = std::string_view(btf_).substr(strings_ + offset, strings_end_ - strings_ - offset);
  return from.substr(0, from.find('\0'));
}

StructLayouts::StructLayouts(std::string btf) : btf_(std::move(btf)) {
  const auto magic = number(0), header = number(4), types = number(8), types_size = number(12), strings = number(16),
             strings_size = number(20);
  if (!strings_size || (*magic & 0xffff) != kMagic) return;
  std::size_t at = std::size_t{*header} + *types;
  const std::size_t end = std::min(btf_.size(), at + *types_size);
  strings_ = std::min(btf_.size(), std::size_t{*header} + *strings);
  strings_end_ = std::min(btf_.size(), strings_ + *strings_size);
  types_.push_back({});
  while (at + 12 <= end) {
    const Type type{.name = *number(at), .info = *number(at + 4), .size_or_type = *number(at + 8), .at = at + 12};
    if (type.kind() == 0 || type.kind() > kLast) break;
    if (type.kind() == kStruct && type.members() > 0) {
      structs_.emplace(std::string(name(type.name)), static_cast<std::uint32_t>(types_.size()));
    }
    types_.push_back(type);
    at += 12 + tail_bytes(type.kind(), type.members());
  }
}

const StructLayouts::Type *StructLayouts::structure(std::uint32_t id) const {
  for (int depth = 0; depth < kDeepest && id < types_.size(); ++depth) {
    const Type &type = types_[id];
    switch (type.kind()) {
      case kStruct:
      case kUnion:
        return &type;
      case kTypedef:
      case kVolatile:
      case kConst:
      case kRestrict:
      case kTypeTag:
        id = type.size_or_type;
        break;
      default:
        return nullptr;
    }
  }
  return nullptr;
}

std::optional<StructLayouts::Member> StructLayouts::find(const Type &type, std::string_view member, int depth,
                                                         int &left) const {
  if (depth > kDeepest) return std::nullopt;
  for (unsigned i = 0; i < type.members() && left > 0; ++i, --left) {
    const std::size_t at = type.at + i * kMemberBytes;
    const auto name_at = number(at), id = number(at + 4), offset = number(at + 8);
    if (!offset) return std::nullopt;
    const std::size_t bits = type.has_bit_fields() ? *offset & 0xffffff : *offset;
    const std::string_view its_name = name(*name_at);
    if (its_name == member) {
      if (bits % 8 != 0 || (type.has_bit_fields() && *offset >> 24 != 0)) return std::nullopt;
      return Member{bits, *id};
    }
    if (!its_name.empty()) continue;
    const Type *inner = structure(*id);
    if (inner == nullptr) continue;
    if (auto found = find(*inner, member, depth + 1, left)) return Member{bits + found->bits, found->type};
  }
  return std::nullopt;
}

std::optional<std::uint32_t> StructLayouts::value_of(std::string_view enumeration, std::string_view wanted) const {
  constexpr std::size_t kEnumerator = 8;
  for (const Type &type : types_) {
    if (type.kind() != kEnum || name(type.name) != enumeration) continue;
    for (unsigned i = 0; i < type.members(); ++i) {
      const auto name_at = number(type.at + i * kEnumerator);
      if (name_at && name(*name_at) == wanted) return number(type.at + i * kEnumerator + 4);
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> StructLayouts::size_of(std::string_view structure_name) const {
  const auto found = structs_.find(structure_name);
  return found == structs_.end() ? std::nullopt : std::optional<std::size_t>(types_[found->second].size_or_type);
}

std::optional<std::size_t> StructLayouts::offset_of(std::string_view structure_name, std::string_view member) const {
  const auto found = structs_.find(structure_name);
  if (found == structs_.end()) return std::nullopt;
  const Type *type = &types_[found->second];
  std::size_t bits = 0;
  while (!member.empty()) {
    if (type == nullptr) return std::nullopt;
    const std::string_view first = member.substr(0, member.find('.'));
    int left = kMostMembers;
    const auto next = find(*type, first, 0, left);
    if (!next) return std::nullopt;
    bits += next->bits;
    type = structure(next->type);
    member.remove_prefix(std::min(member.size(), first.size() + 1));
  }
  return bits / 8;
}

}  // namespace kmodtest::kernel
