// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/interactive/debugger.hpp"

#include <gtest/gtest.h>

namespace kmodtest::run {
namespace {

const PlacedModule kPlaced{"ex7_1",
                           "/cache/ex7_1.ko",
                           {{".text", 0xffffffffc020b000},
                            {".init.text", 0xffffffffc0210000},
                            {"__mcount_loc", 0xffffffffc020c0a0},
                            {".note.gnu.build-id", 0xffffffffc020c000}}};

TEST(GdbScript, LoadsSymbolsWhereTheyAreAndConnects) {
  EXPECT_EQ(gdb_script("/run/g1/gdb", KernelSymbols{"/cache/kernel.elf", 0, false}, {kPlaced}),
            "# Made by kmodtest: gdb -x THIS-FILE\n"
            "set confirm off\n"
            "set architecture i386:x86-64\n"
            "symbol-file /cache/kernel.elf\n"
            "add-symbol-file /cache/ex7_1.ko -s .init.text 0xffffffffc0210000 -s .text 0xffffffffc020b000\n"
            "define hook-quit\n"
            "  detach\n"
            "end\n"
            "target remote /run/g1/gdb\n");
}

TEST(GdbScript, MovesTheKernelWhereItMovedItself) {
  const std::string script = gdb_script("/run/gdb", KernelSymbols{"/usr/lib/debug/boot/vmlinux", 0x1c000000, true}, {});
  EXPECT_NE(script.find("\nsymbol-file -o 0x1c000000 /usr/lib/debug/boot/vmlinux\n"), std::string::npos) << script;
}

TEST(GdbScript, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(gdb_script("/run/gdb", std::nullopt, {{"ex7_1", "/cache/ex7_1.ko", {}}}),
            "# Made by kmodtest: gdb -x THIS-FILE\n"
            "set confirm off\n"
            "set architecture i386:x86-64\n"
            "define hook-quit\n"
            "  detach\n"
            "end\n"
            "target remote /run/gdb\n");
}

}  // namespace
}  // namespace kmodtest::run
