// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/shared_memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kmodtest::wire {
namespace {

constexpr std::uint64_t kLayoutMagic = 0x314d48534d544d4b;  // "KMTMSHM1"

}  // namespace

std::uint64_t SharedMemory::load(Word word) const {
  auto *words = reinterpret_cast<std::uint64_t *>(memory_);
  return std::atomic_ref(words[static_cast<std::size_t>(word)]).load(std::memory_order_acquire);
}

void SharedMemory::store(Word word, std::uint64_t value) {
  auto *words = reinterpret_cast<std::uint64_t *>(memory_);
  std::atomic_ref(words[static_cast<std::size_t>(word)]).store(value, std::memory_order_release);
}

void SharedMemory::clear() {
  for (const Word word : {Word::requests, Word::reports, Word::dropped, Word::settling, Word::rest}) store(word, 0);
  store(Word::magic, kLayoutMagic);
}

bool SharedMemory::add(Word size, std::size_t offset, std::size_t most, std::string_view bytes) {
  const std::size_t used = std::min<std::uint64_t>(load(size), most);
  if (bytes.size() > most - used) return false;
  std::memcpy(memory_ + offset + used, bytes.data(), bytes.size());
  store(size, used + bytes.size());
  return true;
}

std::string_view SharedMemory::view(Word size, std::size_t offset, std::size_t most) const {
  const std::size_t used = std::min<std::uint64_t>(load(size), most);
  return {reinterpret_cast<const char *>(memory_ + offset), used};
}

bool SharedMemory::add_requests(std::string_view bytes) {
  return add(Word::requests, kRequestsOffset, most_request_bytes(size_), bytes);
}

bool SharedMemory::add_reports(std::string_view bytes) {
  // After a gap the stream would be meaningless: once a message was dropped, all later ones are.
  const std::uint64_t lost = load(Word::dropped);
  if (lost == 0 && add(Word::reports, size_ - kMostReportBytes, kMostReportBytes, bytes)) return true;
  store(Word::dropped, lost + 1);
  return false;
}

std::string_view SharedMemory::requests() const {
  return view(Word::requests, kRequestsOffset, most_request_bytes(size_));
}

std::string_view SharedMemory::reports() const {
  return view(Word::reports, size_ - kMostReportBytes, kMostReportBytes);
}

std::uint64_t SharedMemory::dropped() const {
  return load(Word::dropped);
}

void SharedMemory::set_settling(Settling settling) {
  store(Word::settling, static_cast<std::uint64_t>(settling));
}

Settling SharedMemory::settling() const {
  return static_cast<Settling>(load(Word::settling));
}

void SharedMemory::set_rest(Rest rest) {
  store(Word::rest, static_cast<std::uint64_t>(rest));
}

Rest SharedMemory::rest() const {
  return static_cast<Rest>(load(Word::rest));
}

void SharedMemory::end_rest() {
  set_rest(Rest::none);
  // A futex has 32 bits: the lower half of the word (futex(2)).
  ::syscall(SYS_futex, memory_ + kRestOffset, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

}  // namespace kmodtest::wire
