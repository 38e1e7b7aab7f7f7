// SPDX-License-Identifier: GPL-2.0-or-later
#include "entries.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "system.hpp"

namespace kmodtest::guest {
namespace {

/// A folder to list, and how many levels below it.
struct Root {
  const char *path;
  int depth;                  ///< 1: only its direct content
  bool folders_only = false;  ///< leave out attribute files
  const char *except = "";    ///< names that are neither entered nor listed, each ended by a space
};

// /sys/kernel/slab has each cache by its own name, since none are merged (slab_nomerge). /sys/devices/pci* and cpu
// belong to the machine. /sys/module/X is the module's folder; its content disappears with it.
constexpr Root kRoots[] = {
    {"/proc", 8, false, "self thread-self net "},
    {"/proc/self/net", 2},
    {"/dev", 3, false, "pts "},
    {"/sys", 1},
    {"/sys/module", 1},
    {"/sys/kernel", 3, false, "slab tracing debug btf irq notes "},
    {"/sys/kernel/slab", 1},
    {"/sys/kernel/debug", 3, false, "slab tracing sched dynamic_debug "},
    {"/sys/fs", 2, false, "cgroup bpf "},
    {"/sys/class", 2},
    {"/sys/block", 1},
    {"/sys/bus", 3},
    {"/sys/dev", 2},
    {"/sys/devices", 1},
    {"/sys/devices/virtual", 2},
    {"/sys/devices/platform", 2, true},
    {"/sys/devices/system", 1},
};

/// The head of a record of getdents64(2); the name follows.
struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
};
constexpr std::size_t kNameOffset = 19;

bool is_number(const char *name) {
  return std::all_of(name, name + std::strlen(name), [](char c) { return c >= '0' && c <= '9'; });
}

/// Returns whether a name is in a list of names which each end in a space.
bool is_listed(std::string_view names, std::string_view name) {
  for (std::size_t at = names.find(name); at != std::string_view::npos; at = names.find(name, at + 1)) {
    const bool starts = at == 0 || names[at - 1] == ' ';
    if (starts && names.substr(at + name.size()).starts_with(' ')) return true;
  }
  return false;
}

class Walk {
 public:
  explicit Walk(std::string &entries) : entries_(entries) {}

  void run(const Root &root) {
    root_ = &root;
    path_ = root.path;
    top_is_proc_ = path_ == "/proc";
    list(AT_FDCWD, root.path, root.depth);
  }

 private:
  void list(int parent, const char *name, int depth) {
    const base::Descriptor folder(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return;
    const bool processes = top_is_proc_ && depth == root_->depth;
    std::vector<std::string> below;
    alignas(DirectoryEntry) char buffer[16u << 10];
    for (long got; (got = ::syscall(SYS_getdents64, folder.get(), buffer, sizeof buffer)) > 0;) {
      for (long at = 0; at < got;) {
        const auto *entry = reinterpret_cast<const DirectoryEntry *>(buffer + at);
        const char *child = buffer + at + kNameOffset;
        at += entry->length;
        if (child[0] == '.' && (child[1] == '\0' || (child[1] == '.' && child[2] == '\0'))) continue;
        if ((processes && is_number(child)) || is_listed(root_->except, child)) continue;
        if (entry->type == DT_DIR && depth > 1) below.emplace_back(child);
        if (root_->folders_only && entry->type != DT_DIR) continue;
        entries_.append(path_).append("/").append(child).push_back('\0');
      }
    }
    for (const std::string &child : below) {
      const std::size_t size = path_.size();
      path_.append("/").append(child);
      list(folder.get(), child.c_str(), depth - 1);
      path_.resize(size);
    }
  }

  std::string &entries_;
  const Root *root_ = nullptr;
  std::string path_;
  bool top_is_proc_ = false;
};

/// Returns FNV-1a; never 0, which means a free slot.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash | 1u;
}

template <class Visit>
void for_each_entry(std::string_view entries, Visit visit) {
  for (std::size_t begin = 0; begin < entries.size();) {
    const std::size_t end = std::min(entries.find('\0', begin), entries.size());
    visit(entries.substr(begin, end - begin));
    begin = end + 1;
  }
}

}  // namespace

std::string list_entries() {
  std::string entries;
  constexpr std::size_t kUsualSize = 512u << 10;
  entries.reserve(kUsualSize);
  Walk walk(entries);
  for (const Root &root : kRoots) walk.run(root);
  return entries;
}

EntrySet::EntrySet(std::string entries) : entries_(std::move(entries)) {
  const auto count = static_cast<std::size_t>(std::count(entries_.begin(), entries_.end(), '\0'));
  std::size_t slots = 1024;
  while (slots < 2 * count) slots *= 2;
  hashes_.assign(slots, 0);
  mask_ = slots - 1;
  for_each_entry(entries_, [this](std::string_view entry) {
    const std::uint64_t hash = hash_of(entry);
    hashes_[find_slot(hash)] = hash;
  });
}

std::size_t EntrySet::find_slot(std::uint64_t hash) const {
  std::size_t slot = (hash >> 1) & mask_;
  while (hashes_[slot] != 0 && hashes_[slot] != hash) slot = (slot + 1) & mask_;
  return slot;
}

EntryDifference EntrySet::compare(std::string_view entries) const {
  EntryDifference difference;
  std::vector<bool> seen(hashes_.size(), false);
  for_each_entry(entries, [&](std::string_view entry) {
    const std::size_t slot = find_slot(hash_of(entry));
    if (hashes_[slot] == 0)
      difference.added.emplace_back(entry);
    else
      seen[slot] = true;
  });
  for_each_entry(entries_, [&](std::string_view entry) {
    if (!seen[find_slot(hash_of(entry))]) difference.lost.emplace_back(entry);
  });
  return difference;
}

}  // namespace kmodtest::guest
