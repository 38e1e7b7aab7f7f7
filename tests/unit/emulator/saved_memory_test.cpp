// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/saved_memory.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <vector>

#include "emulator/memory_questions.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::emulator {

/// One block of memory of a QEMU that is none.
struct RamBlock {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint64_t address = 0;
  bool shared = false;
  bool in_state = true;
  unsigned char *memory = nullptr;
  bool noted = false;
  std::set<std::uint64_t> written;  // pages, while they are noted
};

namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kMiB = 1024 * 1024;

/// What QEMU was asked to do.
struct {
  std::vector<RamBlock> blocks;
  std::set<std::uint64_t> dropped;  // pages, by QEMU's numbering
  const StateDescription *entry = nullptr;
  void *entry_device = nullptr;
} machine;

RamBlock *block_of(const void *place) {
  for (RamBlock &block : machine.blocks) {
    if (place >= block.memory && place < block.memory + block.bytes) return &block;
  }
  return nullptr;
}

RamBlock *block_of(MemoryRegion *region) {
  return reinterpret_cast<RamBlock *>(region);
}

constexpr StateField kEnd{};

Qemu fake_qemu() {
  Qemu qemu{};
  qemu.for_each_block = [](int (*each)(RamBlock *, void *), void *data) {
    for (RamBlock &block : machine.blocks) each(&block, data);
    return 0;
  };
  qemu.host_address = [](RamBlock *block) -> void * { return block->memory; };
  qemu.offset = [](RamBlock *block) { return block->address; };
  qemu.used_bytes = [](RamBlock *block) { return block->bytes; };
  qemu.is_shared = [](RamBlock *block) { return block->shared; };
  qemu.is_saved = [](RamBlock *block) { return block->in_state; };
  qemu.leave_out_of_state = [](RamBlock *block) { block->in_state = false; };
  qemu.region_at = [](void *host, std::uint64_t *offset) {
    *offset = 0;
    return reinterpret_cast<MemoryRegion *>(block_of(host));
  };
  qemu.log_writes = [](MemoryRegion *region, bool on, unsigned) { block_of(region)->noted = on; };
  qemu.take_dirty_pages = [](MemoryRegion *region, std::uint64_t, std::uint64_t, unsigned) {
    auto *taken = new std::set<std::uint64_t>;
    taken->swap(block_of(region)->written);
    return reinterpret_cast<DirtyPages *>(taken);
  };
  qemu.is_dirty = [](MemoryRegion *, DirtyPages *dirty, std::uint64_t offset, std::uint64_t) {
    return reinterpret_cast<std::set<std::uint64_t> *>(dirty)->count(offset / kPage) > 0;
  };
  qemu.free = [](void *taken) { delete static_cast<std::set<std::uint64_t> *>(taken); };
  qemu.allocate = [](std::size_t bytes) { return ::operator new(bytes); };
  qemu.drop_translations = [](std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t page = first / kPage; page <= last / kPage; ++page) machine.dropped.insert(page);
  };
  qemu.register_state = [](void *, std::uint32_t, const StateDescription *entry, void *device, int, int, QemuError **) {
    machine.entry = entry;
    machine.entry_device = device;
    return 0;
  };
  qemu.no_fields = &kEnd;
  return qemu;
}

/// A machine with two nodes of memory, firmware, and memory that is shared with its controller.
class SavedMemoryTest : public testing::Test {
 protected:
  SavedMemoryTest() {
    machine = {};
    add("node0", 16 * kMiB, 0);
    add("firmware", 64 * 1024, 64 * kMiB);
    add("node1", 8 * kMiB, 16 * kMiB);
    add("shared", 32 * kMiB, 128 * kMiB);
    machine.blocks[3].shared = true;
  }
  ~SavedMemoryTest() override {
    for (const RamBlock &block : machine.blocks) munmap(block.memory, block.bytes);
  }

  /// Fills a page, as the guest or a device does.
  static void write(std::size_t block, std::uint64_t page, char byte) {
    RamBlock &its = machine.blocks[block];
    std::memset(its.memory + page * kPage, byte, kPage);
    if (its.noted) its.written.insert(page);
  }
  static unsigned char byte_at(std::size_t block, std::uint64_t page) {
    return machine.blocks[block].memory[page * kPage + 7];
  }

  static void write_word(std::size_t block, std::uint64_t page, std::uint64_t at, std::uint64_t value) {
    RamBlock &its = machine.blocks[block];
    std::memcpy(its.memory + page * kPage + at, &value, sizeof value);
    if (its.noted) its.written.insert(page);
  }
  std::string ask(const char *question) {
    char *text = answer(qemu_, loaded_, question);
    std::string copy = text;
    ::operator delete(text);
    return copy;
  }

  /// Saves the machine, and begins a new one with empty memory.
  void save_and_restart() {
    ASSERT_EQ(memory_.save(file_.c_str()), 0);
    for (RamBlock &block : machine.blocks) {
      std::memset(block.memory, 0, block.bytes);
      block.in_state = true;
    }
    loaded_.begin(qemu_);
  }

  const support::ScratchFolder scratch_;
  const fs::path file_ = scratch_.write("memory", "");
  const Qemu qemu_ = fake_qemu();
  SavedMemory memory_, loaded_;

 private:
  static void add(const char *name, std::uint64_t bytes, std::uint64_t address) {
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    RamBlock block;
    block.name = name;
    block.bytes = bytes;
    block.address = address;
    block.memory = static_cast<unsigned char *>(memory);
    machine.blocks.push_back(block);
  }
};

TEST_F(SavedMemoryTest, OnlyLargeBlocksLeaveTheState) {
  memory_.begin(qemu_);
  EXPECT_FALSE(machine.blocks[0].in_state);
  EXPECT_TRUE(machine.blocks[1].in_state) << "firmware";
  EXPECT_FALSE(machine.blocks[2].in_state);
  EXPECT_FALSE(machine.blocks[3].in_state) << "the controller clears what it shares";
  ASSERT_NE(machine.entry, nullptr);
  EXPECT_GT(machine.entry->priority, 0) << "before all devices";
  EXPECT_EQ(machine.entry->fields, &kEnd);
  EXPECT_EQ(machine.entry_device, &memory_);
}

TEST_F(SavedMemoryTest, TheFileHasAllBlocksAndNoPagesOfZeros) {
  memory_.begin(qemu_);
  write(0, 5, 'a');
  write(2, 1, 'b');
  write(3, 0, 'c');
  ASSERT_EQ(memory_.save(file_.c_str()), 0);
  EXPECT_EQ(fs::file_size(file_), 24 * kMiB);
  struct stat attributes {};
  ASSERT_EQ(stat(file_.c_str(), &attributes), 0);
  EXPECT_LE(attributes.st_blocks * 512, static_cast<long>(16 * kPage));
}

TEST_F(SavedMemoryTest, ALoadedMachineHasTheSavedBytes) {
  memory_.begin(qemu_);
  for (const std::uint64_t page : {0u, 5u, 2000u, 4095u}) write(0, page, 'a');
  write(2, 2047, 'b');
  save_and_restart();
  ASSERT_EQ(loaded_.load(file_.c_str()), 0);
  for (const std::uint64_t page : {0u, 5u, 2000u, 4095u}) EXPECT_EQ(byte_at(0, page), 'a') << page;
  EXPECT_EQ(byte_at(0, 6), 0);
  EXPECT_EQ(byte_at(2, 2047), 'b');
  EXPECT_EQ(byte_at(2, 0), 0);
}

TEST_F(SavedMemoryTest, ARestorePutsBackWhatWasWrittenAndDropsOnlyItsTranslations) {
  memory_.begin(qemu_);
  for (const std::uint64_t page : {1u, 2u, 3u, 3000u}) write(0, page, 'a');
  save_and_restart();
  ASSERT_EQ(loaded_.load(file_.c_str()), 0);
  for (int round = 0; round < 3; ++round) {
    machine.dropped.clear();
    write(0, 1, 'x');
    write(0, 2, 'a');     // the same bytes again
    write(0, 4000, 'y');  // zeros before
    write(2, 17, 'z');
    ASSERT_EQ(loaded_.load(file_.c_str()), 0);
    EXPECT_EQ(byte_at(0, 1), 'a');
    EXPECT_EQ(byte_at(0, 2), 'a');
    EXPECT_EQ(byte_at(0, 3000), 'a');
    EXPECT_EQ(byte_at(0, 4000), 0);
    EXPECT_EQ(byte_at(2, 17), 0);
    const std::uint64_t second_node = 16 * kMiB / kPage;
    EXPECT_EQ(machine.dropped, (std::set<std::uint64_t>{1, 4000, second_node + 17}));
  }
}

constexpr std::uint64_t kModule = 0xffffffffc0200000;

TEST_F(SavedMemoryTest, OnlyChangedWordsAreFoundAndARestoreStillPutsThemBack) {
  memory_.begin(qemu_);
  write_word(0, 1, 8, kModule + 1);  // of the saved machine
  save_and_restart();
  ASSERT_EQ(loaded_.load(file_.c_str()), 0);
  write_word(0, 1, 16, kModule + 2);
  write_word(0, 3000, 0, kModule);
  write_word(0, 3000, 8, kModule - 1);
  write_word(0, 3000, 16, kModule + kPage);
  write_word(2, 17, 4088, kModule + kPage - 1);
  EXPECT_EQ(ask("find ffffffffc0200000 1000"),
            "1010 ffffffffc0200002\nbb8000 ffffffffc0200000\n1011ff8 ffffffffc0200fff\n");
  EXPECT_EQ(ask("find ffffffffc0200000 1000"), ask("find ffffffffc0200ff0 10 ffffffffc0200000 ff0"));
  ASSERT_EQ(loaded_.load(file_.c_str()), 0);
  EXPECT_EQ(ask("find ffffffffc0200000 1000"), "");
  EXPECT_EQ(ask("read 1008 10 bb8000 8"), "010020c0ffffffff0000000000000000\n0000000000000000\n");
}

TEST_F(SavedMemoryTest, AQuestionWithoutSenseHasNoAnswer) {
  loaded_.begin(qemu_);
  for (const char *question : {"", "find", "find x", "find 1", "forget 1 2", "read 10"}) EXPECT_EQ(ask(question), "");
  EXPECT_EQ(ask("read 17fffff 1 17fffff 2 ffffffffffffffff 1"), "00\n\n\n");
}

TEST_F(SavedMemoryTest, TwoGuestsOfOneFileDoNotSeeEachOther) {
  memory_.begin(qemu_);
  write(0, 1, 'a');
  save_and_restart();
  ASSERT_EQ(loaded_.load(file_.c_str()), 0);
  write(0, 1, 'x');
  SavedMemory other;
  for (RamBlock &block : machine.blocks) block.in_state = true;
  other.begin(qemu_);
  ASSERT_EQ(other.load(file_.c_str()), 0);
  EXPECT_EQ(byte_at(0, 1), 'a');
}

TEST_F(SavedMemoryTest, AFileOfAnotherMachineIsRefused) {
  memory_.begin(qemu_);
  ASSERT_EQ(memory_.save(file_.c_str()), 0);
  fs::resize_file(file_, 23 * kMiB);
  EXPECT_EQ(memory_.load(file_.c_str()), -EINVAL);
  EXPECT_EQ(memory_.load((scratch_ / "missing").c_str()), -ENOENT);
  EXPECT_EQ(memory_.save((scratch_ / "missing").c_str()), -ENOENT);
}

TEST_F(SavedMemoryTest, AFileThatCannotBeWrittenFailsTheSave) {
  memory_.begin(qemu_);
  write(0, 1, 'a');
  EXPECT_LT(memory_.save("/dev/full"), 0);
}

TEST(FindQemu, AProgramThatIsNoQemuIsRefusedByName) {
  const char *missing = nullptr;
  EXPECT_EQ(find_qemu(&missing), nullptr);
  EXPECT_STREQ(missing, "qmp_query_version");
}

}  // namespace
}  // namespace kmodtest::emulator
