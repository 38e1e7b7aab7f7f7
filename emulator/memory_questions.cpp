// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/memory_questions.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <span>

#include "wire/emulator_library.hpp"

namespace kmodtest::emulator {
namespace {

constexpr std::size_t kMostPieces = 1024;
constexpr std::uint64_t kLongestPiece = std::uint64_t{1} << 20;
/// "AT VALUE\n"
constexpr std::size_t kLineOfWord = 2 * 16 + 2;

using Range = SavedMemory::Range;

/// Reads pairs of numbers up to the end of the text. Returns how many, or nothing if the text has anything else.
std::size_t read_pairs(const char *text, std::span<Range> pairs) {
  std::size_t count = 0;
  for (char *end = nullptr; *text != '\0' && count < pairs.size(); text = end, ++count) {
    pairs[count].begin = std::strtoull(text, &end, 16);
    if (end == text) return 0;
    text = end;
    pairs[count].bytes = std::strtoull(text, &end, 16);
    if (end == text) return 0;
    while (*end == ' ') ++end;
  }
  return *text == '\0' ? count : 0;
}

constexpr char kDigits[] = "0123456789abcdef";

char *put_number(char *to, std::uint64_t number) {
  int shift = 60;
  while (shift > 0 && number >> shift == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) *to++ = kDigits[number >> shift & 0xf];
  return to;
}

char *put_bytes(char *to, const unsigned char *bytes, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    *to++ = kDigits[bytes[i] >> 4];
    *to++ = kDigits[bytes[i] & 0xf];
  }
  return to;
}

char *find(const Qemu &qemu, SavedMemory &memory, std::span<const Range> ranges) {
  static std::array<SavedMemory::Word, kMostWords> words;
  const std::size_t count = memory.find(ranges, words);
  char *const text = static_cast<char *>(qemu.allocate(count * kLineOfWord + 1));
  char *to = text;
  for (const SavedMemory::Word &word : std::span(words.data(), count)) {
    to = put_number(to, word.at);
    *to++ = ' ';
    to = put_number(to, word.value);
    *to++ = '\n';
  }
  *to = '\0';
  return text;
}

char *read(const Qemu &qemu, const SavedMemory &memory, std::span<const Range> pieces) {
  std::size_t size = 1;
  for (const Range &piece : pieces) size += piece.bytes <= kLongestPiece ? 2 * piece.bytes + 1 : 1;
  char *const text = static_cast<char *>(qemu.allocate(size));
  char *to = text;
  for (const Range &piece : pieces) {
    const bool fits = piece.bytes <= kLongestPiece;
    const unsigned char *bytes = fits ? memory.bytes_at(piece.begin, piece.bytes) : nullptr;
    if (bytes != nullptr) to = put_bytes(to, bytes, piece.bytes);
    *to++ = '\n';
  }
  *to = '\0';
  return text;
}

}  // namespace

char *answer(const Qemu &qemu, SavedMemory &memory, const char *question) {
  static std::array<Range, kMostPieces> pairs;
  constexpr std::size_t kWord = 5;  // "find ", "read "
  const bool finds = std::strncmp(question, "find ", kWord) == 0;
  const bool reads = std::strncmp(question, "read ", kWord) == 0;
  const std::size_t count = finds || reads ? read_pairs(question + kWord, pairs) : 0;
  const std::span<const Range> asked(pairs.data(), count);
  return finds ? find(qemu, memory, asked) : read(qemu, memory, asked);
}

namespace {

const Qemu *its_qemu = nullptr;
SavedMemory *its_memory = nullptr;
char *last_answer = nullptr;

void ask(void *, const char *question, QemuError **) {
  its_qemu->free(last_answer);
  last_answer = answer(*its_qemu, *its_memory, question);
}

char *give_answer(void *, QemuError **) {
  char *given = last_answer;
  last_answer = nullptr;
  return given != nullptr ? given : static_cast<char *>(std::memset(its_qemu->allocate(1), 0, 1));
}

}  // namespace

void answer_questions(const Qemu &qemu, SavedMemory &memory) {
  its_qemu = &qemu;
  its_memory = &memory;
  qemu.add_text_property(qemu.root(), wire::kMemoryProperty, give_answer, ask);
}

}  // namespace kmodtest::emulator
