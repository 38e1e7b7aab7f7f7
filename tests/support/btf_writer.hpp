// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace kmodtest::support {

/// Writes the section .BTF of a kernel. Types get ids from 1 in the order in which they are added.
class BtfWriter {
 public:
  struct Member {
    std::string name;
    std::uint32_t type;
    std::uint32_t bytes;  ///< from the start of the struct
  };

  std::uint32_t integer(const std::string &name, std::uint32_t size) {
    head(name, 1, 0, size);
    number(types_, size * 8);
    return ++last_;
  }
  std::uint32_t pointer(std::uint32_t to) {
    head("", 2, 0, to);
    return ++last_;
  }
  std::uint32_t type_of(const std::string &name, std::uint32_t is) {
    head(name, 8, 0, is);
    return ++last_;
  }
  std::uint32_t structure(const std::string &name, std::uint32_t size, const std::vector<Member> &members,
                          bool is_union = false) {
    head(name, is_union ? 5 : 4, static_cast<std::uint32_t>(members.size()), size);
    for (const Member &member : members) {
      number(types_, text(member.name));
      number(types_, member.type);
      number(types_, member.bytes * 8);
    }
    return ++last_;
  }
  std::uint32_t enumeration(const std::string &name, const std::vector<std::string> &values) {
    head(name, 6, static_cast<std::uint32_t>(values.size()), 4);
    for (std::uint32_t value = 0; value < values.size(); ++value) {
      number(types_, text(values[value]));
      number(types_, value);
    }
    return ++last_;
  }

  std::string finish() const {
    std::string all;
    number(all, 0x0001eb9f);
    number(all, 24);
    number(all, 0);
    number(all, static_cast<std::uint32_t>(types_.size()));
    number(all, static_cast<std::uint32_t>(types_.size()));
    number(all, static_cast<std::uint32_t>(strings_.size()));
    return all + types_ + strings_;
  }

 private:
  static void number(std::string &to, std::uint32_t value) {
    to.append(reinterpret_cast<const char *>(&value), sizeof value);
  }
  std::uint32_t text(const std::string &name) {
    if (name.empty()) return 0;
    const auto at = static_cast<std::uint32_t>(strings_.size());
    strings_ += name + '\0';
    return at;
  }
  void head(const std::string &name, std::uint32_t kind, std::uint32_t members, std::uint32_t size_or_type) {
    number(types_, text(name));
    number(types_, kind << 24 | members);
    number(types_, size_or_type);
  }

  std::string types_;
  std::string strings_{'\0'};
  std::uint32_t last_ = 0;
};

}  // namespace kmodtest::support
