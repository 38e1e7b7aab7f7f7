// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/code/instruction.hpp"

#include <optional>
#include <string_view>

namespace kmodtest::kernel {
namespace {

/// What follows an opcode. A character of the tables below:
///   '.'  nothing          'm'  ModRM            '!'  not an instruction
///   'b'  one byte         'B'  ModRM, one byte  'w'  two bytes         'e'  three bytes
///   'z'  four bytes, or two after 66            'Z'  ModRM, then as z  'j'  four bytes
///   'v'  as z, or eight bytes after REX.W       'o'  an address        't', 'T'  ModRM; for TEST also b or z
constexpr std::string_view kOneByte =
    "mmmmbz!!mmmmbz!!"   // 00: 0f leads to the next table
    "mmmmbz!!mmmmbz!!"   // 10
    "mmmmbz!!mmmmbz!!"   // 20: 26, 2e, 36, 3e are prefixes
    "mmmmbz!!mmmmbz!!"   // 30
    "!!!!!!!!!!!!!!!!"   // 40: REX
    "................"   // 50
    "!!!m!!!!zZbB...."   // 60: 62 is EVEX, 64 to 67 are prefixes
    "bbbbbbbbbbbbbbbb"   // 70
    "BZ!Bmmmmmmmmmmmm"   // 80
    "..........!....."   // 90
    "oooo....bz......"   // a0
    "bbbbbbbbvvvvvvvv"   // b0
    "BBw.!!BZe.w..b!."   // c0: c4 and c5 are VEX
    "mmmm!!!.mmmmmmmm"   // d0
    "bbbbbbbbjj!b...."   // e0
    "!.!!..tT......mm";  // f0: f0, f2, f3 are prefixes
constexpr std::string_view kTwoBytes =
    "mmmm!.....!.!m.B"   // 00
    "mmmmmmmmmmmmmmmm"   // 10
    "mmmm!!!!mmmmmmmm"   // 20
    "......!.!!!!!!!!"   // 30: 38 and 3a lead to further tables
    "mmmmmmmmmmmmmmmm"   // 40
    "mmmmmmmmmmmmmmmm"   // 50
    "mmmmmmmmmmmmmmmm"   // 60
    "BBBBmmm.mm!!mmmm"   // 70
    "jjjjjjjjjjjjjjjj"   // 80
    "mmmmmmmmmmmmmmmm"   // 90
    "...mBm!!...mBmmm"   // a0
    "mmmmmmmmmmBmmmmm"   // b0
    "mmBmBBBm........"   // c0
    "mmmmmmmmmmmmmmmm"   // d0
    "mmmmmmmmmmmmmmmm"   // e0
    "mmmmmmmmmmmmmmmm";  // f0
static_assert(kOneByte.size() == 256 && kTwoBytes.size() == 256);

constexpr std::size_t kLongest = 15;

class Decoder {
 public:
  explicit Decoder(std::span<const unsigned char> code) : code_(code.first(std::min(code.size(), kLongest))) {}

  std::size_t length() {
    read_prefixes();
    const auto opcode = next();
    const bool valid = opcode && (read_vex(*opcode) || (!is_vex(*opcode) && read_opcode(*opcode)));
    return valid && at_ <= code_.size() ? at_ : 0;
  }

 private:
  std::optional<unsigned> next() {
    if (at_ >= code_.size()) return std::nullopt;
    return code_[at_++];
  }
  std::optional<unsigned> peek() const {
    if (at_ >= code_.size()) return std::nullopt;
    return code_[at_];
  }
  bool skip(std::size_t bytes) {
    at_ += bytes;
    return at_ <= code_.size();
  }

  void read_prefixes() {
    static constexpr std::string_view kPrefixes = "\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3";
    for (auto byte = peek(); byte; byte = peek()) {
      const bool is_rex = (*byte & 0xf0) == 0x40;
      if (!is_rex && kPrefixes.find(static_cast<char>(*byte)) == std::string_view::npos) return;
      wide_ = is_rex && (*byte & 8) != 0;
      short_operand_ = short_operand_ || *byte == 0x66;
      short_address_ = short_address_ || *byte == 0x67;
      ++at_;
      if (is_rex) return;
    }
  }

  static bool is_vex(unsigned opcode) { return opcode == 0x62 || opcode == 0xc4 || opcode == 0xc5; }

  /// Reads an instruction behind a VEX or EVEX prefix. Returns false if it is not one.
  bool read_vex(unsigned opcode) {
    if (!is_vex(opcode)) return false;
    unsigned map = 1;
    if (opcode != 0xc5) {
      const auto byte = next();
      if (!byte) return false;
      map = *byte & (opcode == 0x62 ? 7u : 31u);
    }
    if (!skip(opcode == 0x62 ? 2 : 1)) return false;
    const auto code = next();
    if (!code) return false;
    if (map == 1) return read(*code == 0x77 ? '.' : kTwoBytes[*code] == 'B' ? 'B' : 'm', *code);
    return map <= 6 && read(map == 3 ? 'B' : 'm', *code);
  }

  bool read_opcode(unsigned opcode) {
    if (opcode != 0x0f) return read(kOneByte[opcode], opcode);
    const auto second = next();
    if (!second) return false;
    if (*second != 0x38 && *second != 0x3a) return read(kTwoBytes[*second], *second);
    return next().has_value() && read(*second == 0x38 ? 'm' : 'B', *second);
  }

  bool read(char what, unsigned opcode) {
    const std::size_t z = short_operand_ && !wide_ ? 2 : 4;
    switch (what) {
      case '.':
        return true;
      case 'm':
        return read_operand();
      case 'b':
        return skip(1);
      case 'B':
        return read_operand() && skip(1);
      case 'w':
        return skip(2);
      case 'e':
        return skip(3);
      case 'z':
        return skip(z);
      case 'Z':
        return read_operand() && skip(z);
      case 'j':
        return skip(4);
      case 'v':
        return skip(wide_ && opcode >= 0xb8 ? 8 : z);
      case 'o':
        return skip(short_address_ ? 4 : 8);
      case 't':
      case 'T': {
        const auto operand = peek();
        if (!operand || !read_operand()) return false;
        const bool tests = (*operand >> 3 & 7) <= 1;
        return !tests || skip(what == 't' ? 1 : z);
      }
      default:
        return false;
    }
  }

  /// Reads a ModRM byte, and what belongs to it.
  bool read_operand() {
    const auto operand = next();
    if (!operand) return false;
    const unsigned mode = *operand >> 6;
    if (mode == 3) return true;
    unsigned base = *operand & 7;
    if (base == 4) {
      const auto scaled = next();
      if (!scaled) return false;
      base = *scaled & 7;
    }
    if (mode == 1) return skip(1);
    return mode == 2 || base == 5 ? skip(4) : true;
  }

  std::span<const unsigned char> code_;
  std::size_t at_ = 0;
  bool wide_ = false, short_operand_ = false, short_address_ = false;
};

}  // namespace

std::size_t instruction_length(std::span<const unsigned char> code) {
  return Decoder(code).length();
}

}  // namespace kmodtest::kernel
