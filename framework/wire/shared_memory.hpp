// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// The memory that a guest and its controller share (QEMU's ivshmem-plain device): a header and two streams of frames,
/// each of which only grows. Nothing in it interrupts the guest: the agent looks for requests on its own, and the
/// controller writes them while the guest is stopped, so that nothing from outside arrives at a moment of its own.
///
///     offset 0        magic u64 | requests u64 | reports u64 | dropped u64 | settling u64 | rest u64 (little endian)
///     offset 4 KiB    bytes of requests
///     last 12 MiB     bytes of reports
///
/// Its size is a power of two: that of a PCI card's memory is. A case with large files gets a larger one.
namespace kmodtest::wire {

inline constexpr std::size_t kSharedMemoryBytes = 32u << 20;          ///< of an ordinary guest
inline constexpr std::size_t kLargestSharedMemoryBytes = 256u << 20;  ///< of a guest whose files are large
inline constexpr std::size_t kRequestsOffset = 4u << 10;
inline constexpr std::size_t kMostReportBytes = 12u << 20;

/// Returns how many bytes of requests a shared memory of `size` bytes has room for.
constexpr std::size_t most_request_bytes(std::size_t size) {
  return size - kMostReportBytes - kRequestsOffset;
}

/// The offsets of the words that a library in QEMU reads too (emulator/).
inline constexpr std::size_t kReportsOffset = 16;
inline constexpr std::size_t kSettlingOffset = 32;
inline constexpr std::size_t kRestOffset = 40;

/// The state of a pause that the guest asks for.
enum class Rest : std::uint64_t {
  none = 0,
  wanted = 1,   ///< the agent asks for it, and reads the machine's clock right after that
  held = 2,     ///< QEMU keeps the guest's CPU in that read, until this is `none` again
  refused = 3,  ///< the read returned without being held: this QEMU cannot hold a guest
};

/// How a guest that has booted comes to the pause in which it can be saved. The moment is one of the guest's own time,
/// so each boot of the same guest ends in the same state.
enum class Settling : std::uint64_t {
  none = 0,      ///< its time is real, or it was restored
  coming = 1,    ///< the agent will ask for the pause
  wanted = 2,    ///< the agent asks for it, and reads the machine's clock right after that
  accepted = 3,  ///< QEMU will pause the machine as soon as all CPUs are idle
  paused = 4,    ///< QEMU has paused the machine
  over = 5,      ///< the agent is about to look for requests, or this QEMU cannot pause itself: the controller has to
};

/// The device's place in the guest.
inline constexpr const char *kSharedMemoryAddress = "0000:00:10.0";
/// PCI ids of the device. Source: QEMU, docs/specs/ivshmem-spec.
inline constexpr unsigned kSharedMemoryVendor = 0x1af4;
inline constexpr unsigned kSharedMemoryDevice = 0x1110;

/// One end's view. Does not own the mapping. Never trusts that what the other end wrote is in bounds.
class SharedMemory {
 public:
  /// `memory` has `size` bytes, at least kSharedMemoryBytes, and is aligned to a page.
  explicit SharedMemory(void *memory, std::size_t size = kSharedMemoryBytes)
      : memory_(static_cast<unsigned char *>(memory)), size_(size) {}

  std::size_t size() const { return size_; }

  /// Empties both streams. For the controller, while the guest is stopped.
  void clear();

  /// Returns false if there is no room: then nothing is added, and the bytes count as dropped.
  bool add_requests(std::string_view bytes);
  bool add_reports(std::string_view bytes);

  /// Returns everything that was added since clear().
  std::string_view requests() const;
  std::string_view reports() const;
  /// Returns how many agent messages did not fit.
  std::uint64_t dropped() const;

  void set_settling(Settling settling);
  Settling settling() const;

  void set_rest(Rest rest);
  Rest rest() const;
  /// Resumes a guest that QEMU holds, and wakes the thread there. For the controller.
  void end_rest();

 private:
  enum class Word : std::size_t { magic, requests, reports, dropped, settling, rest };
  std::uint64_t load(Word word) const;
  void store(Word word, std::uint64_t value);
  bool add(Word size, std::size_t offset, std::size_t most, std::string_view bytes);
  std::string_view view(Word size, std::size_t offset, std::size_t most) const;

  unsigned char *memory_;
  std::size_t size_;
};

}  // namespace kmodtest::wire
