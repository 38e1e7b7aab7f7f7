// SPDX-License-Identifier: GPL-2.0-or-later
// A kernel's section .BTF. Looks for the members that tests/unit/kernel/btf.hpp writes (the seeds) and for others.
#include "kernel/symbols/struct_layouts.hpp"

#include <string>

#include "property.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace kmodtest;
  const kernel::StructLayouts layouts{std::string(fuzz::as_text(data, size))};
  for (const char *structure : {"task_struct", "mutex", "thread_struct", "list_head", ""}) {
    for (const char *member : {"thread.sp", "pid", "tasks.next", "owner", "owner.counter.next", "", ".", "a.."}) {
      const auto offset = layouts.offset_of(structure, member);
      // 32 bits for each struct on the way, in bits.
      fuzz::require(!offset || *offset <= (std::size_t{1} << 36), "an offset lies in the struct");
    }
  }
  return 0;
}
