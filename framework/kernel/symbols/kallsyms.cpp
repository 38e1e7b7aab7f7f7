// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/symbols/kallsyms.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>

namespace kmodtest::kernel {
namespace {

constexpr std::size_t kTokens = 256;
constexpr std::size_t kNamesPerMarker = 256;
constexpr std::uint32_t kFewestSymbols = 1'000;
constexpr std::uint32_t kMostSymbols = 1'000'000;
constexpr std::size_t kBytesPerName = 4;                      ///< at least, on average; real kernels have about ten
constexpr std::uint64_t kLowestBase = 0xffff'ffff'8000'0000;  // __START_KERNEL_map

template <class Value>
std::optional<Value> read(std::string_view bytes, std::size_t at) {
  if (at > bytes.size() || bytes.size() - at < sizeof(Value)) return std::nullopt;
  Value value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

constexpr std::size_t aligned(std::size_t at, std::size_t to) {
  return (at + to - 1) / to * to;
}

/// The 256 pieces that names are composed of: NUL-terminated texts, and an index of where each begins.
struct Tokens {
  std::size_t begin = 0;
  std::size_t end = 0;  ///< of the index after them
  std::array<std::string_view, kTokens> text;
};

std::optional<Tokens> tokens_at(std::string_view bytes, std::size_t begin) {
  Tokens tokens;
  tokens.begin = begin;
  std::array<std::uint16_t, kTokens> starts{};
  std::size_t at = begin;
  for (std::size_t i = 0; i < kTokens; ++i) {
    const std::size_t end = bytes.find('\0', at);
    if (end == std::string_view::npos || at - begin > UINT16_MAX) return std::nullopt;
    starts[i] = static_cast<std::uint16_t>(at - begin);
    tokens.text[i] = bytes.substr(at, end - at);
    at = end + 1;
  }
  for (const std::size_t index : {aligned(at, 8), aligned(at, 4)}) {
    tokens.end = index + sizeof starts;
    if (tokens.end <= bytes.size() && std::memcmp(bytes.data() + index, starts.data(), sizeof starts) == 0)
      return tokens;
  }
  return std::nullopt;
}

/// Finds the tokens by the digits, which are tokens of their own in every kernel's table.
std::optional<Tokens> find_tokens(std::string_view bytes) {
  constexpr std::string_view kDigits("0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0", 20);
  for (std::size_t at = bytes.find(kDigits); at != std::string_view::npos; at = bytes.find(kDigits, at + 1)) {
    std::size_t begin = at;
    bool whole = true;
    for (char token = 0; token < '0' && whole; ++token) {
      const std::size_t before = begin < 2 ? std::string_view::npos : bytes.rfind('\0', begin - 2);
      whole = before != std::string_view::npos;
      begin = before + 1;
    }
    if (!whole) continue;
    if (auto tokens = tokens_at(bytes, begin)) return tokens;
  }
  return std::nullopt;
}

/// Returns the tokens of one name and moves `at` past it. A name is its length in one or two bytes, and as many tokens.
std::optional<std::string_view> next_name(std::string_view bytes, std::size_t &at) {
  const auto first = read<std::uint8_t>(bytes, at);
  if (!first || *first == 0) return std::nullopt;
  std::size_t length = *first;
  ++at;
  if ((length & 0x80u) != 0) {
    const auto second = read<std::uint8_t>(bytes, at++);
    if (!second) return std::nullopt;
    length = (length & 0x7fu) | static_cast<std::size_t>(*second) << 7;
  }
  if (at + length > bytes.size()) return std::nullopt;
  const std::string_view name = bytes.substr(at, length);
  at += length;
  return name;
}

struct Names {
  std::size_t count_at = 0;  ///< where their number is stored; the names follow it
  std::uint32_t count = 0;
  std::size_t begin = 0;
};

/// Returns the names after a number if a matching marker for each 256 of them follows.
std::optional<Names> names_from(std::string_view bytes, std::size_t count_at, std::size_t begin) {
  const auto count = read<std::uint32_t>(bytes, count_at);
  if (!count || *count < kFewestSymbols || *count > kMostSymbols) return std::nullopt;
  // Most numbers on the way to the right one are too large for what follows them. To read that many names takes longer.
  if (begin > bytes.size() || *count > (bytes.size() - begin) / kBytesPerName) return std::nullopt;
  std::size_t at = begin;
  std::uint32_t second_marker = 0;
  for (std::uint32_t i = 0; i < *count; ++i) {
    if (i == kNamesPerMarker) second_marker = static_cast<std::uint32_t>(at - begin);
    if (!next_name(bytes, at)) return std::nullopt;
  }
  for (const std::size_t markers : {aligned(at, 8), aligned(at, 4)}) {
    if (read<std::uint32_t>(bytes, markers) == 0u && read<std::uint32_t>(bytes, markers + 4) == second_marker) {
      return Names{.count_at = count_at, .count = *count, .begin = begin};
    }
  }
  return std::nullopt;
}

std::optional<Names> names_at(std::string_view bytes, std::size_t count_at) {
  const std::size_t behind = count_at + sizeof(std::uint32_t);
  for (const std::size_t begin : {aligned(behind, 8), aligned(behind, 4)}) {
    if (auto names = names_from(bytes, count_at, begin)) return names;
    if (behind % 8 == 0) break;
  }
  return std::nullopt;
}

/// Finds the names, which precede the tokens.
std::optional<Names> find_names(std::string_view bytes, std::size_t tokens) {
  const std::string_view before = bytes.substr(0, tokens);
  for (std::size_t at = (tokens / 4) * 4; at >= 4; at -= 4) {
    if (auto names = names_at(before, at - 4)) return names;
  }
  return std::nullopt;
}

/// The 32-bit offsets of the addresses, and what they are offsets from.
class Offsets {
 public:
  /// From a base, which is stored as well.
  Offsets(std::string_view bytes, std::size_t at, std::uint64_t base) : bytes_(bytes), at_(at), base_(base) {}
  /// From the place of the offset itself (since 7.0); `address` is that of the first one.
  static Offsets from_themselves(std::string_view bytes, std::size_t at, std::uint64_t address) {
    Offsets offsets(bytes, at, address);
    offsets.from_themselves_ = true;
    return offsets;
  }

  std::optional<std::uint64_t> address(std::size_t index) const {
    const auto stored = read<std::int32_t>(bytes_, at_ + index * sizeof(std::int32_t));
    if (!stored) return std::nullopt;
    const auto offset = static_cast<std::uint64_t>(static_cast<std::int64_t>(*stored));
    if (from_themselves_) return base_ + index * sizeof(std::int32_t) + offset;
    // Relative to zero (per-CPU variables), or negative, relative to the base and one.
    return *stored >= 0 ? offset : base_ - 1 - offset;
  }

  /// Returns whether the symbols are in order of their addresses, all of them in the kernel.
  bool fit(std::size_t count) const {
    std::uint64_t before = kLowestBase;
    for (std::size_t i = 0; i < count; ++i) {
      const auto next = address(i);
      if (!next || *next < before) return false;
      before = *next;
    }
    return true;
  }

 private:
  std::string_view bytes_;
  std::size_t at_;
  std::uint64_t base_;
  bool from_themselves_ = false;
};

/// Returns the offsets that belong to these names and tokens. With their base they precede the names; since 6.4 they
/// follow the tokens; since 7.0 there is no base.
std::optional<Offsets> find_offsets(std::string_view rodata, std::uint64_t address, const Tokens &tokens,
                                    const Names &names) {
  const std::size_t size = aligned(names.count * sizeof(std::int32_t), 8);
  const std::size_t behind = aligned(tokens.end, 8);
  const auto with_base = [&](std::size_t at) -> std::optional<Offsets> {
    const auto base = read<std::uint64_t>(rodata, at + size);
    if (!base || *base < kLowestBase || *base % 4096 != 0) return std::nullopt;
    return Offsets(rodata, at, *base);
  };
  if (auto offsets = with_base(behind)) return offsets;
  if (names.count_at >= size + 8) {
    if (auto offsets = with_base(names.count_at - 8 - size)) return offsets;
  }
  for (const std::size_t at : {behind, aligned(tokens.end, 4)}) {
    const Offsets offsets = Offsets::from_themselves(rodata, at, address + at);
    if (offsets.fit(names.count)) return offsets;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Symbol> find_kallsyms(std::string_view rodata, std::uint64_t address) {
  const auto tokens = find_tokens(rodata);
  if (!tokens) return {};
  const auto names = find_names(rodata, tokens->begin);
  if (!names) return {};
  const auto offsets = find_offsets(rodata, address, *tokens, *names);
  if (!offsets) return {};
  std::vector<Symbol> symbols;
  symbols.reserve(names->count);
  std::size_t at = names->begin;
  std::string text;  // of one symbol after the other: its type, and its name
  for (std::size_t i = 0; i < names->count; ++i) {
    const auto packed = next_name(rodata, at);
    const auto where = offsets->address(i);
    if (!packed || !where) return {};
    text.clear();
    for (const char token : *packed) text += tokens->text[static_cast<unsigned char>(token)];
    if (text.size() > 1) symbols.push_back({.address = *where, .type = text.front(), .name = text.substr(1)});
  }
  return symbols;
}

std::string CodePlace::str() const {
  return fmt::format("{}+{:#x}/{:#x}", function, offset, size);
}

SymbolTable::SymbolTable(std::vector<Symbol> symbols) : symbols_(std::move(symbols)) {
  const auto by_address = [](const Symbol &left, const Symbol &right) { return left.address < right.address; };
  // The kernel's own table is in order, and to look takes less time than to sort.
  if (std::is_sorted(symbols_.begin(), symbols_.end(), by_address)) return;
  std::stable_sort(symbols_.begin(), symbols_.end(), by_address);
}

std::optional<std::uint64_t> SymbolTable::address_of(std::string_view name) const {
  const auto found =
      std::find_if(symbols_.begin(), symbols_.end(), [name](const Symbol &symbol) { return symbol.name == name; });
  return found == symbols_.end() ? std::nullopt : std::optional(found->address);
}

std::vector<std::uint64_t> SymbolTable::addresses_of(const std::vector<std::string_view> &names) const {
  std::vector<std::uint64_t> addresses(names.size());
  for (const Symbol &symbol : symbols_) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (addresses[i] == 0 && symbol.name == names[i]) addresses[i] = symbol.address;
    }
  }
  return addresses;
}

std::optional<CodePlace> SymbolTable::nearest(std::uint64_t address) const {
  const auto first = first_at(address);
  if (first == symbols_.end()) return std::nullopt;
  const auto behind =
      std::find_if(first, symbols_.end(), [&](const Symbol &symbol) { return symbol.address > first->address; });
  if (behind == symbols_.end()) return std::nullopt;
  return CodePlace{
      .function = first->name, .offset = address - first->address, .size = behind->address - first->address};
}

std::optional<CodePlace> SymbolTable::place_of(std::uint64_t address) const {
  const auto first = first_at(address);
  return first == symbols_.end() || (first->type | 0x20) != 't' ? std::nullopt : nearest(address);
}

/// Returns the first of the symbols that begin last before the address, or at it. If several names have one address,
/// the kernel takes the first.
std::vector<Symbol>::const_iterator SymbolTable::first_at(std::uint64_t address) const {
  const auto behind =
      std::upper_bound(symbols_.begin(), symbols_.end(), address,
                       [](std::uint64_t wanted, const Symbol &symbol) { return wanted < symbol.address; });
  if (behind == symbols_.begin()) return symbols_.end();
  return std::lower_bound(symbols_.begin(), behind, std::prev(behind)->address,
                          [](const Symbol &symbol, std::uint64_t wanted) { return symbol.address < wanted; });
}

}  // namespace kmodtest::kernel
