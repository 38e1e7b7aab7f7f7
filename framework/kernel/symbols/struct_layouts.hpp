// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::kernel {

/// The offsets of the members of the kernel's structs, according to its own BTF. Source: kernel,
/// Documentation/bpf/btf.rst.
class StructLayouts {
 public:
  StructLayouts() = default;
  /// Reads the bytes of the section .BTF. Leaves out what cannot be read.
  explicit StructLayouts(std::string btf);

  /// Returns a member's offset in bytes from the start of the struct; `member` can go on into members ("thread.sp").
  /// Unnamed structs and unions count as a part of the struct that contains them. Returns nothing for bit fields and
  /// for members that do not exist.
  std::optional<std::size_t> offset_of(std::string_view structure, std::string_view member) const;
  /// Returns the size of a struct in bytes; nothing for an unknown one.
  std::optional<std::size_t> size_of(std::string_view structure) const;
  /// Returns the value of a name in an enum; nothing if there is none.
  std::optional<std::uint32_t> value_of(std::string_view enumeration, std::string_view name) const;

 private:
  struct Type {
    std::uint32_t name, info, size_or_type;
    std::size_t at;  ///< of the data that follows the three words
    unsigned kind() const { return (info >> 24) & 0x1f; }
    unsigned members() const { return info & 0xffff; }
    bool has_bit_fields() const { return (info >> 31) != 0; }
  };
  struct Member {
    std::size_t bits;
    std::uint32_t type;
  };
  std::optional<std::uint32_t> number(std::size_t at) const;
  std::string_view name(std::uint32_t offset) const;
  /// Returns the type behind typedefs and qualifiers; nothing if it is not a struct or union.
  const Type *structure(std::uint32_t id) const;
  /// Looks at no more than `left` members and counts `left` down: a struct that contains itself would never end.
  std::optional<Member> find(const Type &type, std::string_view member, int depth, int &left) const;

  std::string btf_;
  std::size_t strings_ = 0;
  std::size_t strings_end_ = 0;
  std::vector<Type> types_;  // by id; 0 is void
  std::map<std::string, std::uint32_t, std::less<>> structs_;
};

}  // namespace kmodtest::kernel
