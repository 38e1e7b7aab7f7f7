// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/interactive/debugger.hpp"

#include <gtest/gtest.h>

#include "base/process.hpp"

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
            "# Without this hook, leaving gdb would end the machine.\n"
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
            "# Without this hook, leaving gdb would end the machine.\n"
            "define hook-quit\n"
            "  detach\n"
            "end\n"
            "target remote /run/gdb\n");
}

TEST(SurveyScript, LoadsPrerequisitesThenTheModules) {
  wire::Program program;
  program.modules = {"ex7_1", "ex7_2"};
  std::string script = survey_script(program);
  EXPECT_NE(script.find("\nfor file in ; do\n"), std::string::npos) << script;
  EXPECT_NE(script.find("\nfor name in ex7_1 ex7_2; do\n"), std::string::npos) << script;
  program.prerequisites = {{"crc7", "/tmp/modules/kernel/crc7.ko", {}}};
  script = survey_script(program);
  EXPECT_NE(script.find("\nfor file in /tmp/modules/kernel/crc7.ko; do\n"), std::string::npos) << script;
  EXPECT_EQ(script.find('@'), std::string::npos) << script;
}

TEST(SurveyScript, IsOneForAnyShell) {
  wire::Program program;
  program.modules = {"ex7_1"};
  EXPECT_TRUE(base::run_process({"sh", "-n", "-c", survey_script(program)}).ok());
}

}  // namespace
}  // namespace kmodtest::run
