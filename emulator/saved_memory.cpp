// SPDX-License-Identifier: GPL-2.0-or-later

/// QEMU saves memory and devices as one stream, and reads all of it again for each restore. Then it throws every
/// translation away, because the memory could hold other code. Both take far longer than what a short case does.
///
/// Here the stream lacks the large blocks of memory. An entry of our own comes first in it, before all devices
/// (some read the guest's memory when they are loaded). When it is saved, the memory is written into a file. When it is
/// loaded for the first time, the file is mapped in place of the memory, copy on write. From then on QEMU notes which
/// pages are written, by the guest or by a device, as it does for a screen's memory. Each further load compares those
/// with the file, and copies the ones that differ.
///
/// QEMU drops the translations of a page when the guest overwrites the page's code. So before a load each translation
/// belongs to the bytes that are there, and only those of a page that the load changes must go. The flush of all
/// translations is in a function that is called for each loaded CPU, by a table: another one takes its place.
#include "emulator/saved_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/cpu_load.hpp"
#include "emulator/memory_questions.hpp"
#include "wire/emulator_library.hpp"

namespace kmodtest::emulator {
namespace {

constexpr std::uint64_t kPage = 4096;
/// Smaller blocks (firmware, ACPI tables) stay in the state.
constexpr std::uint64_t kLeastBytes = std::uint64_t{8} << 20;
constexpr unsigned kScreen = 0;  // QEMU's DIRTY_MEMORY_VGA: no device of these machines uses it for memory
constexpr int kBeforeDevices = 1;
/// Data with a small gap between is mapped as one.
constexpr std::uint64_t kLeastGap = std::uint64_t{256} << 10;

bool is_zero(const unsigned char *page) {
  return page[0] == 0 && std::memcmp(page, page + 1, kPage - 1) == 0;
}

/// Writes to stderr, which is the guest's log, and returns the error for QEMU.
int failed(const char *what, const char *file, int number) {
  if (number == 0) number = EIO;
  std::fprintf(stderr, "kmodtest: %s %s: %s\n", what, file, std::strerror(number));
  return -number;
}

bool write_all(int file, const unsigned char *bytes, std::uint64_t count, std::uint64_t offset) {
  while (count > 0) {
    const ssize_t put = pwrite(file, bytes, count, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes += put;
    count -= static_cast<std::uint64_t>(put);
    offset += static_cast<std::uint64_t>(put);
  }
  return true;
}

/// Writes memory into the file at `offset`; pages of zeros become holes.
bool write_memory(int file, const unsigned char *memory, std::uint64_t bytes, std::uint64_t offset) {
  for (std::uint64_t at = 0; at < bytes;) {
    if (is_zero(memory + at)) {
      at += kPage;
      continue;
    }
    std::uint64_t end = at + kPage;
    while (end < bytes && !is_zero(memory + end)) end += kPage;
    if (!write_all(file, memory + at, end - at, offset + at)) return false;
    at = end;
  }
  return true;
}

/// Puts a page back. Returns false if it has not changed. `original` null: the page was all zeros.
bool put_back(unsigned char *page, const unsigned char *original) {
  if (original == nullptr) {
    if (is_zero(page)) return false;
    std::memset(page, 0, kPage);
    return true;
  }
  if (std::memcmp(page, original, kPage) == 0) return false;
  std::memcpy(page, original, kPage);
  return true;
}

}  // namespace

// ---- saving ---------------------------------------------------------------------------------------------------------

int SavedMemory::save(const char *name) const {
  const int file = open(name, O_WRONLY | O_CLOEXEC);
  bool good = file >= 0 && ftruncate(file, 0) == 0 && ftruncate(file, static_cast<off_t>(file_bytes_)) == 0;
  for (const Block &block : blocks()) good = good && write_memory(file, block.memory, block.bytes, block.in_file);
  const int number = errno;
  const bool closed = file < 0 || close(file) == 0;
  if (good && closed) return 0;
  return failed("cannot write the guest's memory to", name, good ? errno : number);
}

// ---- loading --------------------------------------------------------------------------------------------------------

bool SavedMemory::add_extent(Extent extent, std::uint64_t gap) {
  if (extent_count_ > 0 && extent.begin - extents_[extent_count_ - 1].end < gap) {
    extents_[extent_count_ - 1].end = extent.end;
    return true;
  }
  if (extent_count_ == kMostExtents) return false;
  extents_[extent_count_++] = extent;
  return true;
}

/// Finds the file's data. Returns false if the file system cannot tell.
bool SavedMemory::find_extents(int file) {
  const std::uint64_t gap = std::max(kLeastGap, file_bytes_ / (kMostExtents / 2));
  for (std::uint64_t at = 0; at < file_bytes_;) {
    const off_t data = lseek(file, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0) return errno == ENXIO;  // a hole up to the end
    const off_t hole = lseek(file, data, SEEK_HOLE);
    if (hole < 0) return false;
    at = (static_cast<std::uint64_t>(hole) + kPage - 1) / kPage * kPage;
    if (!add_extent({static_cast<std::uint64_t>(data) / kPage * kPage, at}, gap)) return false;
  }
  return true;
}

/// Maps the part of the file's data that belongs to the block in place of the block's memory.
bool SavedMemory::map_block(int file, const Block &block) const {
  for (const Extent &extent : std::span(extents_.data(), extent_count_)) {
    const std::uint64_t begin = std::max(extent.begin, block.in_file);
    const std::uint64_t end = std::min(extent.end, block.in_file + block.bytes);
    if (begin >= end) continue;
    void *place = block.memory + (begin - block.in_file);
    void *mapped = mmap(place, end - begin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file,
                        static_cast<off_t>(begin));
    if (mapped == MAP_FAILED) return false;
  }
  return true;
}

/// Returns false, and sets errno, if the file is not what save() wrote for this machine.
bool SavedMemory::map_file(int file) {
  struct stat attributes {};
  if (fstat(file, &attributes) != 0) return false;
  errno = EINVAL;
  if (static_cast<std::uint64_t>(attributes.st_size) != file_bytes_ || !find_extents(file)) return false;
  void *mapped = mmap(nullptr, file_bytes_, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, file, 0);
  if (mapped == MAP_FAILED) return false;
  for (const Block &block : blocks()) {
    if (!map_block(file, block)) return false;
  }
  void *notes = mmap(nullptr, file_bytes_ / kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (notes == MAP_FAILED) return false;
  saved_ = static_cast<const unsigned char *>(mapped);
  changed_ = static_cast<unsigned char *>(notes);
  return true;
}

/// Lets QEMU note which pages are written from now on. A device's writes are noted only after this request.
void SavedMemory::begin_noting(const Block &block) const {
  std::uint64_t offset = 0;
  MemoryRegion *region = qemu_->region_at(block.memory, &offset);
  qemu_->log_writes(region, true, kScreen);
  qemu_->free(qemu_->take_dirty_pages(region, 0, block.bytes, kScreen));
}

int SavedMemory::load_first(const char *name) {
  const int file = open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed("cannot open the guest's memory", name, errno);
  const bool mapped = map_file(file);
  const int number = errno;
  close(file);
  if (!mapped) return failed("cannot map the guest's memory", name, number);
  for (const Block &block : blocks()) {
    qemu_->drop_translations(block.address, block.address + block.bytes - 1);
    begin_noting(block);
  }
  return 0;
}

/// Goes through pages from the lowest to the highest.
class SavedMemory::Originals {
 public:
  explicit Originals(const SavedMemory &memory) : memory_(memory) {}

  /// Returns what was saved of the page at this offset of the file; nullptr: it was all zeros.
  const unsigned char *at(std::uint64_t offset) {
    const auto &extents = memory_.extents_;
    while (next_ < memory_.extent_count_ && extents[next_].end <= offset) ++next_;
    return next_ < memory_.extent_count_ && extents[next_].begin <= offset ? memory_.saved_ + offset : nullptr;
  }

 private:
  const SavedMemory &memory_;
  std::size_t next_ = 0;
};

/// Takes QEMU's notes of written pages, and adds them to ours.
void SavedMemory::note_dirty(const Block &block) {
  std::uint64_t offset = 0;
  MemoryRegion *region = qemu_->region_at(block.memory, &offset);
  DirtyPages *dirty = qemu_->take_dirty_pages(region, 0, block.bytes, kScreen);
  for (std::uint64_t at = 0; at < block.bytes; at += kPage) {
    if (qemu_->is_dirty(region, dirty, at, kPage)) changed_[(block.in_file + at) / kPage] = 1;
  }
  qemu_->free(dirty);
}

void SavedMemory::restore(const Block &block, Originals &originals) {
  note_dirty(block);
  for (std::uint64_t at = 0; at < block.bytes; at += kPage) {
    unsigned char &changed = changed_[(block.in_file + at) / kPage];
    if (changed == 0) continue;
    changed = 0;
    if (!put_back(block.memory + at, originals.at(block.in_file + at))) continue;
    qemu_->drop_translations(block.address + at, block.address + at + kPage - 1);
  }
}

int SavedMemory::load(const char *name) {
  if (saved_ == nullptr) return load_first(name);
  Originals originals(*this);
  for (const Block &block : blocks()) restore(block, originals);
  return 0;
}

// ---- looking at it --------------------------------------------------------------------------------------------------

namespace {

std::uint64_t word_at(const unsigned char *bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

bool is_in(std::span<const SavedMemory::Range> ranges, std::uint64_t value) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [value](const SavedMemory::Range &range) { return value - range.begin < range.bytes; });
}

}  // namespace

std::size_t SavedMemory::find(std::span<const Range> ranges, std::span<Word> found) {
  if (saved_ == nullptr) return 0;
  std::size_t count = 0;
  Originals originals(*this);
  for (const Block &block : blocks()) {
    note_dirty(block);
    for (std::uint64_t page = 0; page < block.bytes; page += kPage) {
      if (changed_[(block.in_file + page) / kPage] == 0) continue;
      const unsigned char *original = originals.at(block.in_file + page);
      for (std::uint64_t at = 0; at < kPage; at += sizeof(std::uint64_t)) {
        const std::uint64_t value = word_at(block.memory + page + at);
        if (!is_in(ranges, value) || (original != nullptr && word_at(original + at) == value)) continue;
        if (count == found.size()) return count;
        found[count++] = {block.in_file + page + at, value};
      }
    }
  }
  return count;
}

const unsigned char *SavedMemory::bytes_at(std::uint64_t at, std::uint64_t bytes) const {
  for (const Block &block : blocks()) {
    if (at >= block.in_file && at - block.in_file < block.bytes && bytes <= block.bytes - (at - block.in_file)) {
      return block.memory + (at - block.in_file);
    }
  }
  return nullptr;
}

// ---- at the start ---------------------------------------------------------------------------------------------------

namespace {

int save_entry(void *memory) {
  const char *file = std::getenv(wire::kMemoryTo);
  return file == nullptr ? -EINVAL : static_cast<const SavedMemory *>(memory)->save(file);
}

int load_entry(void *memory, int) {
  const char *file = std::getenv(wire::kMemoryFrom);
  return file == nullptr ? -EINVAL : static_cast<SavedMemory *>(memory)->load(file);
}

StateDescription entry{.name = wire::kMemoryEntry,
                       .unmigratable = false,
                       .early_setup = false,
                       .version = 1,
                       .oldest_version = 1,
                       .priority = kBeforeDevices,
                       .pre_load = nullptr,
                       .post_load = load_entry,
                       .pre_save = save_entry,
                       .post_save = nullptr,
                       .needed = nullptr,
                       .unplug_pending = nullptr,
                       .fields = nullptr,
                       .subsections = nullptr};

}  // namespace

void SavedMemory::add(RamBlock *ram) {
  const std::uint64_t bytes = qemu_->used_bytes(ram);
  if (bytes < kLeastBytes || bytes % kPage != 0 || !qemu_->is_saved(ram)) return;
  const bool shared = qemu_->is_shared(ram);
  if (!shared && block_count_ == kMostBlocks) return;
  qemu_->leave_out_of_state(ram);
  if (shared) return;
  auto *memory = static_cast<unsigned char *>(qemu_->host_address(ram));
  blocks_[block_count_++] = {.memory = memory, .bytes = bytes, .address = qemu_->offset(ram), .in_file = file_bytes_};
  file_bytes_ += bytes;
}

void SavedMemory::begin(const Qemu &qemu) {
  qemu_ = &qemu;
  const auto each = [](RamBlock *ram, void *self) {
    static_cast<SavedMemory *>(self)->add(ram);
    return 0;
  };
  qemu.for_each_block(each, this);
  entry.fields = qemu.no_fields;
  qemu.register_state(nullptr, 0, &entry, this, -1, 0, nullptr);
}

void keep_translations(const Qemu &qemu) {
  replace_cpu_load(qemu, qemu.forget_addresses);
}

void keep_memory_apart() {
  if (std::getenv(wire::kMemoryFrom) == nullptr && std::getenv(wire::kMemoryTo) == nullptr) return;
  const char *missing = "";
  const Qemu *qemu = find_qemu(&missing);
  if (qemu == nullptr) {
    std::fprintf(stderr, "kmodtest: the guest's memory stays in its state: QEMU has no %s\n", missing);
    return;
  }
  static SavedMemory memory;
  memory.begin(*qemu);
  answer_questions(*qemu, memory);
  keep_translations(*qemu);
}

}  // namespace kmodtest::emulator

/// Answers the controller's question (wire::kSelfTest) before QEMU's own program begins.
extern "C" __attribute__((constructor)) void kmodtest_self_test() {
  using namespace kmodtest;
  if (std::getenv(wire::kSelfTest) == nullptr) return;
  const char *missing = "known table of the translator (TCGCPUOps)";
  if (emulator::find_turn_entry() != nullptr && emulator::find_qemu(&missing) != nullptr) {
    std::puts(wire::kSelfTestPassed);
  } else {
    std::printf("QEMU has no %s\n", missing);
  }
  std::fflush(stdout);
  _exit(0);
}
