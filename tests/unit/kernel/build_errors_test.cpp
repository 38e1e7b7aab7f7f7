// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/build_errors.hpp"

#include <gmock/gmock.h>

namespace kmodtest::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(BuildErrors, ShowTheFirstErrorWithItsFunctionAndItsSource) {
  const auto errors = find_build_errors(
      "  CC [M]  /m/x/x.o\n"
      "/m/x/x.c: In function 'b':\n"
      "/m/x/x.c:3:37: warning: initialization of 'int' from 'char *'\n"
      "    3 | static int __init b(void) { int x = \"s\"; foo(); return 0 }\n"
      "      |                                     ^~~\n"
      "/m/x/x.c:3:42: error: implicit declaration of function 'foo'\n"
      "    3 | static int __init b(void) { int x = \"s\"; foo(); return 0 }\n"
      "      |                                          ^~~\n"
      "/m/x/x.c:3:57: error: expected ';' before '}' token\n"
      "    3 | static int __init b(void) { int x = \"s\"; foo(); return 0 }\n"
      "make[1]: *** [scripts/Makefile.build:255: /m/x/x.o] Error 1\n",
      "/m/x");
  EXPECT_EQ(errors.first, "x.c:3:42: error: implicit declaration of function 'foo'");
  EXPECT_THAT(errors.lines,
              ElementsAre("x.c: In function 'b':", "x.c:3:42: error: implicit declaration of function 'foo'",
                          "    3 | static int __init b(void) { int x = \"s\"; foo(); return 0 }",
                          "      |                                          ^~~"));
  EXPECT_EQ(errors.more, 1u);
}

TEST(BuildErrors, ShowWhichFileIncludesTheOneWithTheError) {
  const auto errors = find_build_errors(
      "y.c: In function 'other':\n"
      "y.c:9:1: warning: control reaches end of non-void function\n"
      "In file included from x.c:1:\n"
      "x.h:2:10: fatal error: nothere.h: No such file or directory\n"
      "compilation terminated.\n",
      "");
  EXPECT_THAT(errors.lines, ElementsAre("In file included from x.c:1:",
                                        "x.h:2:10: fatal error: nothere.h: No such file or directory"));
  EXPECT_EQ(errors.more, 0u);
}

TEST(BuildErrors, KnowModpostTheLinkerAndTheAssembler) {
  EXPECT_EQ(find_build_errors("  MODPOST Module.symvers\n"
                              "WARNING: modpost: missing MODULE_LICENSE() in x.o\n"
                              "ERROR: modpost: \"nowhere\" [x.ko] undefined!\n"
                              "make[1]: *** [Makefile.modpost:127: Module.symvers] Error 1\n",
                              "")
                .first,
            "ERROR: modpost: \"nowhere\" [x.ko] undefined!");
  EXPECT_THAT(find_build_errors("  LD [M]  x.o\n"
                                "ld: b.o: in function `twice':\n"
                                "b.c:1: multiple definition of `twice'; a.o:a.c:2: first defined here\n",
                                "")
                  .lines,
              ElementsAre("ld: b.o: in function `twice':",
                          "b.c:1: multiple definition of `twice'; a.o:a.c:2: first defined here"));
  EXPECT_EQ(find_build_errors("x.S: Assembler messages:\nx.S:3: Error: no such instruction: `movx'\n", "").first,
            "x.S:3: Error: no such instruction: `movx'");
}

TEST(BuildErrors, ShowWhatMakeSaysIfNothingElseDoes) {
  EXPECT_EQ(find_build_errors("make[1]: *** No rule to make target 'x.o', needed by './'.  Stop.\n"
                              "make: *** [Makefile:2050: .] Error 2\n",
                              "")
                .first,
            "make[1]: *** No rule to make target 'x.o', needed by './'.  Stop.");
}

TEST(BuildErrors, ShowTheEndOfAnOutputWithoutErrors) {
  const auto errors = find_build_errors("1\n2\n3\n4\n5\n6\n", "");
  EXPECT_THAT(errors.first, IsEmpty());
  EXPECT_THAT(errors.lines, ElementsAre("2", "3", "4", "5", "6"));
  EXPECT_THAT(find_build_errors("", "").lines, IsEmpty());
}

}  // namespace
}  // namespace kmodtest::kernel
