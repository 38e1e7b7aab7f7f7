// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/kernel_log.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <vector>

#include "run/postmortem/guest_memory.hpp"

namespace kmodtest::run {
namespace {

/// More than a case can add to the log between two looks at it.
constexpr std::uint64_t kMostMessages = 4000;
constexpr std::size_t kLongestMessage = 64u << 10;
constexpr std::uint32_t kMostBits = 40;

/// The offsets of the members of the kernel's structs.
struct LogLayout {
  std::size_t descriptor_bits, descriptors, infos, newest, oldest;
  std::size_t text_bits, text;
  std::size_t descriptor_size, state, begin, next;
  std::size_t info_size, time, length;
};

std::optional<LogLayout> log_layout_of(const kernel::StructLayouts &structs) {
  bool whole = true;
  const auto known = [&whole](std::optional<std::size_t> offset) {
    whole = whole && offset.has_value();
    return offset.value_or(0);
  };
  const auto ring = [&](const char *member) { return known(structs.offset_of("printk_ringbuffer", member)); };
  const auto descriptor = [&](const char *member) { return known(structs.offset_of("prb_desc", member)); };
  const auto info = [&](const char *member) { return known(structs.offset_of("printk_info", member)); };
  const LogLayout layout{.descriptor_bits = ring("desc_ring.count_bits"),
                         .descriptors = ring("desc_ring.descs"),
                         .infos = ring("desc_ring.infos"),
                         .newest = ring("desc_ring.head_id"),
                         .oldest = ring("desc_ring.tail_id"),
                         .text_bits = ring("text_data_ring.size_bits"),
                         .text = ring("text_data_ring.data"),
                         .descriptor_size = known(structs.size_of("prb_desc")),
                         .state = descriptor("state_var"),
                         .begin = descriptor("text_blk_lpos.begin"),
                         .next = descriptor("text_blk_lpos.next"),
                         .info_size = known(structs.size_of("printk_info")),
                         .time = info("ts_nsec"),
                         .length = info("text_len")};
  return whole ? std::optional(layout) : std::nullopt;
}

struct Message {
  std::chrono::nanoseconds time{0};
  std::string text;
};

/// The kernel's ring of messages. A message has a number that only grows; its lower bits are the index of its
/// descriptor. Positions in the ring of texts count in the same way.
class Ring {
 public:
  Ring(GuestMemory &memory, const LogLayout &layout, std::uint64_t at) : memory_(memory), layout_(layout), at_(at) {}

  std::uint64_t newest() { return word(layout_.newest); }
  std::uint64_t oldest() { return word(layout_.oldest); }

  /// Returns nothing if the message is not whole.
  std::optional<Message> message(std::uint64_t id) {
    const std::uint64_t index = id & mask(layout_.descriptor_bits);
    const std::uint64_t descriptor = word(layout_.descriptors) + index * layout_.descriptor_size;
    if (!is_whole(id, memory_.word(descriptor + layout_.state))) return std::nullopt;
    const std::uint64_t info = word(layout_.infos) + index * layout_.info_size;
    const auto time = memory_.word(info + layout_.time);
    const auto length = memory_.half(info + layout_.length);
    const auto begin = memory_.word(descriptor + layout_.begin), next = memory_.word(descriptor + layout_.next);
    if (!time || !length || !begin || !next) return std::nullopt;
    return Message{.time = std::chrono::nanoseconds(*time), .text = text(*begin, *next, *length & 0xffff)};
  }

 private:
  /// The upper two bits of a descriptor's state: 1 committed, 2 finalized.
  static bool is_whole(std::uint64_t id, std::optional<std::uint64_t> state) {
    constexpr int kStateShift = 62;
    constexpr std::uint64_t kNumber = (std::uint64_t{1} << kStateShift) - 1;
    return state && (*state & kNumber) == (id & kNumber) && (*state >> kStateShift == 1 || *state >> kStateShift == 2);
  }

  std::string text(std::uint64_t begin, std::uint64_t next, std::size_t length) {
    if ((begin & 1) != 0 || begin == next) return "";  // a message without text
    const std::uint64_t size = mask(layout_.text_bits) + 1;
    // A block that does not fit before the end of the ring is at its start.
    const bool wraps = begin / size != next / size && next % size != 0;
    const std::uint64_t block = wraps ? 0 : begin % size;
    constexpr std::uint64_t kHead = sizeof(std::uint64_t);  // the message's number
    return memory_.bytes(word(layout_.text) + block + kHead, std::min(length, kLongestMessage)).value_or("");
  }

  std::uint64_t word(std::size_t offset) { return memory_.word(at_ + offset).value_or(0); }
  std::uint64_t mask(std::size_t offset) {
    const std::uint32_t bits = memory_.half(at_ + offset).value_or(0);
    return (std::uint64_t{1} << std::min(bits, kMostBits)) - 1;
  }

  GuestMemory &memory_;
  const LogLayout &layout_;
  std::uint64_t at_;
};

void add_lines(std::string &console, const Message &message) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(message.time).count();
  std::string_view rest = message.text;
  do {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    console += fmt::format("[{:5}.{:06}] {}\n", micros / 1'000'000, micros % 1'000'000, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  } while (!rest.empty());
}

}  // namespace

std::string kernel_log(vm::Inspector &guest, const kernel::KernelImage &kernel, std::chrono::nanoseconds since) {
  const auto variable = kernel.symbols().address_of("prb");
  const auto layout = log_layout_of(kernel.layouts());
  if (!variable || !layout) return "";
  GuestMemory memory(guest);
  const auto at = memory.word(*variable);
  if (!at) return "";
  Ring ring(memory, *layout, *at);
  std::vector<Message> messages;
  const std::uint64_t newest = ring.newest(), oldest = ring.oldest();
  for (std::uint64_t id = newest; newest - id < kMostMessages; --id) {
    auto message = ring.message(id);
    if (message && message->time < since) break;
    if (message) messages.push_back(std::move(*message));
    if (id == oldest) break;
  }
  std::string console;
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) add_lines(console, *message);
  return console;
}

}  // namespace kmodtest::run
