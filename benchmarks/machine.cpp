// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <sys/mman.h>
#include <system_error>
#include <vector>

#include "statistics.hpp"

namespace kmodtest::bench {

double microseconds_per_fresh_page() {
  constexpr std::size_t kPage = 4096, kPages = 16384;
  // All pieces are held until the end: memory that was just freed is not fresh.
  std::array<void *, 5> pieces{};
  std::vector<double> costs;
  for (void *&piece : pieces) {
    piece = mmap(nullptr, kPage * kPages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    madvise(piece, kPage * kPages, MADV_NOHUGEPAGE);
    auto *bytes = static_cast<volatile char *>(piece);
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t page = 0; page < kPages; ++page) bytes[page * kPage] = 1;
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    costs.push_back(took.count() / kPages);
  }
  for (void *piece : pieces) munmap(piece, kPage * kPages);
  return median(costs);
}

}  // namespace kmodtest::bench
