// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/symbols/kallsyms.hpp"

namespace kmodtest::support {

inline constexpr std::uint64_t kBase = 0xffffffff81000000;

template <class Value>
void put(std::string &to, Value value) {
  to.append(reinterpret_cast<const char *>(&value), sizeof value);
}

inline void align(std::string &to, std::size_t bytes = 8) {
  to.resize((to.size() + bytes - 1) / bytes * bytes);
}

/// Where the kernel has the section that symbol_table() returns.
inline constexpr std::uint64_t kRodata = 0xffffffff82200000;

/// Since 6.4 the offsets are last; since 7.0 each is relative to its own place, and all is aligned to 4 bytes.
enum class Layout { offsets_first, offsets_last, offsets_from_themselves };

/// Returns what scripts/kallsyms writes for `symbols`: one token for each character, and "do_" as one of its own.
inline std::string symbol_table(const std::vector<kernel::Symbol> &symbols, Layout layout) {
  const std::size_t unit = layout == Layout::offsets_from_themselves ? 4 : 8;
  std::string offsets;
  for (const kernel::Symbol &symbol : symbols) {
    const bool absolute = symbol.address < kBase;
    put(offsets, static_cast<std::int32_t>(absolute ? symbol.address : kBase - 1 - symbol.address));
  }
  align(offsets);
  std::string base;
  put(base, kBase);

  std::string names, markers;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (i % 256 == 0) put(markers, static_cast<std::uint32_t>(names.size()));
    std::string packed = symbols[i].type + symbols[i].name;
    if (const auto at = packed.find("do_"); at != std::string::npos) packed.replace(at, 3, "\x01");
    if (packed.size() >= 128) {
      put(names, static_cast<std::uint8_t>(0x80 | (packed.size() & 0x7f)));
      put(names, static_cast<std::uint8_t>(packed.size() >> 7));
    } else {
      put(names, static_cast<std::uint8_t>(packed.size()));
    }
    names += packed;
  }
  align(names, unit);
  align(markers, unit);
  std::string tokens, index;
  for (int token = 0; token < 256; ++token) {
    put(index, static_cast<std::uint16_t>(tokens.size()));
    tokens += token == 1 ? std::string("do_") : token == 0 ? std::string() : std::string(1, static_cast<char>(token));
    tokens += '\0';
  }
  align(tokens, unit);
  std::string count;
  put(count, static_cast<std::uint32_t>(symbols.size()));
  align(count, unit);

  std::string all = "Linux version 6.1" + std::string(7, '\0') + "0123456789 \0";
  all += std::string("0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0", 20);  // no table
  align(all);
  if (layout == Layout::offsets_first) all += offsets + base;
  if (layout == Layout::offsets_from_themselves) all += "odd ";
  all += count + names + markers + tokens + index;
  align(all, unit);
  if (layout == Layout::offsets_last) all += offsets + base;
  if (layout == Layout::offsets_from_themselves) {
    for (const kernel::Symbol &symbol : symbols) {
      put(all, static_cast<std::int32_t>(symbol.address - (kRodata + all.size())));
    }
  }
  return all + std::string(64, 'x');
}

/// Returns more symbols than the smallest table that is accepted, one of them with a long name. Until 6.14 the
/// addresses of per-CPU variables begin at zero.
inline std::vector<kernel::Symbol> sample_symbols(Layout layout = Layout::offsets_first) {
  std::vector<kernel::Symbol> symbols;
  if (layout != Layout::offsets_from_themselves) symbols.push_back({0x1fb80, 'A', "current_task"});
  for (std::uint64_t i = 0; i < 1200; ++i) {
    symbols.push_back({kBase + i * 0x40, i % 3 == 0 ? 'T' : 't', "do_work_" + std::to_string(i)});
  }
  symbols.push_back({kBase + 1200 * 0x40, 't', std::string(200, 'l')});
  symbols.push_back({kBase + 0x200000, 'D', "init_task"});
  return symbols;
}

}  // namespace kmodtest::support
