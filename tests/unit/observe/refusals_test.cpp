// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/reports/refusals.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace kmodtest::observe {
namespace {

/// Returns "reason: why" of each.
std::vector<std::string> explain(const std::vector<std::string> &lines, std::uint8_t facility = 0) {
  std::vector<wire::KernelLogLine> log;
  for (const auto &text : lines) log.push_back({log.size(), 3, facility, {}, "", text});
  std::vector<std::string> words;
  for (const auto &refusal : explain_refusals(log)) words.push_back(refusal.reason + ": " + refusal.why);
  return words;
}

using Words = std::vector<std::string>;

TEST(Refusals, SayWhichPartOfTheVersionMagicDiffers) {
  EXPECT_EQ(
      explain({"ex: version magic '6.12.94 SMP preempt mod_unload modversions ' should be "
               "'6.1.0-50-cloud-amd64 SMP mod_unload modversions '"}),
      Words{"it was built for another kernel: the module is for 6.12.94, the kernel is 6.1.0-50-cloud-amd64, only "
            "the module has 'preempt'"});
  EXPECT_EQ(compare_version_magic("6.1.0 SMP mod_unload ", "6.1.0 SMP preempt_rt mod_unload modversions "),
            "only the kernel has 'preempt_rt', only the kernel has 'modversions'");
  EXPECT_EQ(compare_version_magic("6.1.0 SMP  mod_unload", "6.1.0 SMP mod_unload"), "they differ in order or spaces");
  EXPECT_EQ(compare_version_magic("", ""), "they differ in order or spaces");
}

TEST(Refusals, NameTheUnknownSymbols) {
  EXPECT_EQ(explain({"ex: Unknown symbol ex_missing (err -2)", "ex: Unknown symbol ex_other (err -2)",
                     "ex: Unknown symbol ex_missing (err -2)"}),
            (Words{"unknown symbol 'ex_missing': no loaded code exports 'ex_missing', or only for GPL modules, and "
                   "this is not one: first load the module that has it (kernel_modules, module)",
                   "unknown symbol 'ex_other': no loaded code exports 'ex_other', or only for GPL modules, and this is "
                   "not one: first load the module that has it (kernel_modules, module)"}));
}

TEST(Refusals, ASymbolWithAReasonIsNotUnknownAsWell) {
  // These lines are equal on 5.10, 6.1 and 6.12.
  EXPECT_EQ(explain({"ex: disagrees about version of symbol ex_answer", "ex: Unknown symbol ex_answer (err -22)"}),
            Words{"another version of symbol 'ex_answer': the types that 'ex_answer' uses have changed since the "
                  "module was built: build it against the headers of exactly this kernel"});
  EXPECT_EQ(explain({"ex: module uses symbol (ex_answer) from namespace EX, but does not import it.",
                     "ex: Unknown symbol ex_answer (err -22)"}),
            Words{"the namespace EX is not imported: 'ex_answer' is exported in the namespace EX: add "
                  "MODULE_IMPORT_NS(EX)"});
  EXPECT_EQ(explain({"ex: Unknown symbol ex_answer (err -22)"}),
            Words{"symbol 'ex_answer' may not be used: 'ex_answer' exists, but the kernel does not allow this module "
                  "to use it (error -22)"});
}

TEST(Refusals, OfAnotherBuildOfTheKernel) {
  EXPECT_EQ(explain({"ex: disagrees about version of symbol module_layout"}),
            Words{"it was built for another kernel: the module's format differs from the kernel's: build it against "
                  "the headers of exactly this kernel"});
  EXPECT_EQ(explain({"module ex: .gnu.linkonce.this_module section size must match the kernel's built struct module "
                     "size at run time"}),
            Words{"it was built for another kernel: the kernel's struct module has another size: build it against the "
                  "headers of exactly this kernel"});
  EXPECT_EQ(explain({"ex: no symbol version for module_layout"}),
            Words{"no version of symbol 'module_layout': the module has no symbol versions, and this kernel requires "
                  "them: build it with the Module.symvers of the kernel's headers"});
  EXPECT_EQ(
      explain({"failed to validate module [ex] BTF: -22"}),
      Words{"its type information does not fit the kernel's: its BTF was made for another kernel: build it against "
            "this one, or without CONFIG_DEBUG_INFO_BTF_MODULES"});
}

TEST(Refusals, OfSignatures) {
  EXPECT_EQ(explain({"Loading of unsigned module is rejected"}),
            Words{"it is not signed: this kernel only loads signed modules (module.sig_enforce, or lockdown): sign it "
                  "with a key that the kernel has"});
  EXPECT_EQ(explain({"Loading of module with unavailable key is rejected"}),
            Words{"it is signed with an unknown key: this kernel only loads modules signed with one of its keys, and "
                  "this key is not one of them"});
  EXPECT_EQ(
      explain({"Loading of module with unsupported crypto is rejected"}),
      Words{"its signature is rejected: this kernel only loads signed modules, and found a module with unsupported "
            "crypto"});
  EXPECT_EQ(explain({"Lockdown: kmodtest-worker: unsigned module loading is restricted; see man kernel_lockdown.7"}),
            Words{"it is not signed, and the kernel is locked down: a kernel that is locked down only loads signed "
                  "modules: boot it without lockdown=, or sign the module"});
}

TEST(Refusals, OfParameters) {
  EXPECT_EQ(explain({"ex: `abc' invalid for parameter `cpu'"}),
            Words{"'abc' is not a valid value for the parameter 'cpu': the parameter's type does not accept 'abc'"});
  EXPECT_EQ(explain({"ex: `1,2,3' too large for parameter `cpus'"}),
            Words{"'1,2,3' is too large for the parameter 'cpus': the parameter's type or array is too small for it"});
}

TEST(Refusals, OfSymbolsThatAreThereTwice) {
  EXPECT_EQ(explain({"ex: exports duplicate symbol ex_answer (owned by other)"}),
            Words{"symbol 'ex_answer' exists already: 'other' exports 'ex_answer' already, and a name can only be "
                  "exported once: rename it, or make it static"});
}

TEST(Refusals, OfWhatIsNoModule) {
  EXPECT_EQ(explain({"Invalid ELF header magic: != \177ELF"}),
            Words{"the file is not a module: it is not an ELF file of this machine: header magic: != \177ELF"});
  EXPECT_EQ(explain({"Module len 4096 truncated"}),
            Words{"the file is cut short: the file has 4096 bytes, fewer than its header says"});
  EXPECT_EQ(explain({"ex: No module found in object"}),
            Words{"the file is not a module: the file has no .gnu.linkonce.this_module: use the .ko that Kbuild made"});
  EXPECT_EQ(explain({"Module ex is blacklisted"}),
            Words{"it is blacklisted: the kernel's command line has module_blacklist=ex"});
  EXPECT_EQ(explain({"ex: Could not allocate 65536 bytes percpu data"}),
            Words{"no memory for its per-CPU data: its static per-CPU variables take 65536 bytes, and the kernel "
                  "reserves few for modules: allocate them (alloc_percpu)"});
}

TEST(Refusals, AreTheKernelsAndNothingElse) {
  EXPECT_EQ(explain({"ex: loading out-of-tree module taints kernel.",
                     "ex: module verification failed: signature and/or required key missing - tainting kernel",
                     "ex: unknown parameter 'cpuu' ignored", "ex: there is no such device"}),
            Words{});
  EXPECT_EQ(explain({"ex: Unknown symbol ex_missing (err -2)"}, 1), Words{});
}

}  // namespace
}  // namespace kmodtest::observe
