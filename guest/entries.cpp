// SPDX-License-Identifier: GPL-2.0-or-later
#include "entries.hpp"

#include <algorithm>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <iterator>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "folder.hpp"
#include "kept_mounts.hpp"
#include "system.hpp"

namespace kmodtest::guest {

/// A folder to list, and how many levels below it.
struct EntryLister::Root {
  const char *path;
  int depth;                  ///< 1: only its direct content
  bool folders_only = false;  ///< leave out attribute files
  const char *except = "";    ///< names that are neither entered nor listed, each ended by a space
};

// /sys/kernel/slab has each cache by its own name, since none are merged (slab_nomerge). /sys/devices/pci* and cpu
// belong to the machine. /sys/module/X is the module's folder; its content disappears with it.
const EntryLister::Root EntryLister::kRoots[] = {
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

namespace {

bool is_number(const char *name) {
  return std::all_of(name, name + std::strlen(name), [](char c) { return c >= '0' && c <= '9'; });
}

/// Returns whether a name is in a list of names which each end in a space.
bool is_listed(const char *names, const char *name) {
  for (const char *at = names; *at != '\0';) {
    const char *wanted = name;
    while (*at != ' ' && *at == *wanted) {
      ++at;
      ++wanted;
    }
    if (*at == ' ' && *wanted == '\0') return true;
    while (*at++ != ' ') {
    }
  }
  return false;
}

}  // namespace

/// A folder that was listed. It stays open: opening it costs more than listing it.
struct EntryLister::Folder {
  struct Below;
  base::Descriptor descriptor;
  std::string records;
  std::string names;  // of its entries, each ended by a NUL
  std::vector<Below> below;
};

struct EntryLister::Folder::Below {
  std::string name;
  std::uint64_t inode;
  Folder folder;
};

namespace {

/// Takes the folder with this name and inode out of `folders`; a new one if there is none.
template <class Below>
Below take_below(std::vector<Below> &folders, const char *name, std::uint64_t inode) {
  for (Below &one : folders)
    if (one.inode == inode && one.name == name) return std::move(one);
  return {name, inode, decltype(Below::folder)()};
}

}  // namespace

EntryLister::EntryLister() : roots_(std::size(kRoots)) {}
EntryLister::~EntryLister() = default;

std::string EntryLister::list() {
  constexpr std::size_t kUsualSize = 256u << 10;
  entries_.clear();
  entries_.reserve(kUsualSize);
  for (std::size_t i = 0; i < std::size(kRoots); ++i) {
    root_ = &kRoots[i];
    path_ = root_->path;
    list(-1, root_->path, root_->depth, roots_[i]);
  }
  return std::move(entries_);
}

void EntryLister::list(int parent, const char *name, int depth, Folder &folder) {
  if (!is_unchanged(folder) && !open(parent, name, depth, folder)) return;
  entries_.append(path_).push_back('\0');
  entries_.append(folder.names).push_back('\0');
  for (Folder::Below &below : folder.below) {
    const std::size_t size = path_.size();
    path_.append("/").append(below.name);
    list(folder.descriptor.get(), below.name.c_str(), depth - 1, below.folder);
    path_.resize(size);
  }
}

/// Returns whether the open folder still has the entries that it had. A removed folder has none, or cannot be listed:
/// then another one can be in its place, which has another inode, except in /proc.
bool EntryLister::is_unchanged(const Folder &folder) const {
  if (!folder.descriptor || (folder.names.empty() && is_below(path_, {"/proc"}))) return false;
  return read_folder(folder.descriptor.get()) == folder.records;
}

bool EntryLister::open(int parent, const char *name, int depth, Folder &folder) const {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  folder.descriptor = base::Descriptor(parent < 0 ? open_kept(name, kFlags) : ::openat(parent, name, kFlags));
  if (!folder.descriptor) return false;
  folder.records = read_folder(folder.descriptor.get()).value_or("");
  folder.names.clear();
  std::vector<Folder::Below> before = std::exchange(folder.below, {});
  const bool has_processes = depth == root_->depth && std::strcmp(root_->path, "/proc") == 0;
  for_each_entry(folder.records, [&](const FolderEntry &entry, const char *child) {
    if ((has_processes && is_number(child)) || is_listed(root_->except, child)) return;
    if (entry.type == DT_DIR && depth > 1) folder.below.push_back(take_below(before, child, entry.inode));
    if (root_->folders_only && entry.type != DT_DIR) return;
    folder.names.append(child, std::strlen(child) + 1);
  });
  return true;
}

}  // namespace kmodtest::guest
