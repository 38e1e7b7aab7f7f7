// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

namespace kmodtest::base {

const ErrorArea &modules_errors() {
  static const ErrorArea area{
      "Modules",
      {
          {Code::no_such_module, "there is no such module", "A path that was given as a module leads to nothing.",
           "It was not built yet, or the path is relative to another folder.",
           "Build it, correct the path, or name the folder with its `Kbuild`: kmodtest builds it by itself.",
           "kmodtest: error[K0501]: there is no module '/home/me/hello/hello.ko'\n"
           "  hint: correct the path, or build the module first"},
          {Code::not_a_module, "this file is no kernel module for x86-64",
           "The file is not what Kbuild makes: no ELF object for x86-64, without `.modinfo`, or cut off.",
           "A `.o` instead of the `.ko`, a module of another architecture, or a copy that was interrupted.",
           "Name the `.ko` that Kbuild made for x86-64, or the module's folder.",
           "kmodtest: error[K0502]: hello.o is no kernel module: it has no .modinfo\n"
           "  hint: give the .ko file, not one of the .o files"},
          {Code::builds_no_module, "the folder builds no module",
           "There is no `Kbuild` or `Makefile`, or it has no `obj-m`.",
           "The sources lie elsewhere, or the file only calls another one.",
           "Write a file `Kbuild` with one line:\n"
           "    obj-m += hello.o",
           "kmodtest: error[K0503]: /home/me/hello has neither a Kbuild nor a Makefile\n"
           "  hint: write a file Kbuild with the line `obj-m += hello.o`"},
          {Code::builds_other_modules, "the folder builds other modules than the one meant",
           "The build gave several modules, and none has the name of the folder.",
           "Module and folder have different names.", "Say which one is meant: `module: {path: FOLDER, name: NAME}`.",
           "kmodtest: error[K0504]: /home/me/drivers builds several modules (first, second), none of "
           "them named drivers.ko\n"
           "  hint: say which one is meant: {path: FOLDER, name: NAME}"},
          {Code::build_failed, "the module does not build",
           "The compiler or Kbuild refused the module; their own words stand below.",
           "An error in the source, or a function that the guest's kernel has not: the build uses the "
           "headers of that kernel, not those of the host.",
           "Mend the source. To compile for several kernels, compare `LINUX_VERSION_CODE`.",
           "Failed hello [cpus=1]: /home/me/hello does not build for the kernel debian-6.1-cloud\n"
           "    hello.c:9:9: error: implicit declaration of function 'no_such_function'"},
          {Code::no_headers, "the kernel's headers are not known",
           "A module's folder was named, and without the headers of the guest's kernel it cannot be built.",
           "`--kernel FILE` without `--headers`.",
           "Give their folder, or a `.ko` that was built for this kernel:\n"
           "    kmodtest run hello.yaml --kernel ./bzImage --headers /lib/modules/6.1.0-custom/build",
           "kmodtest: error[K0506]: nothing can be built for the kernel ./bzImage: its headers are not known"},
          {Code::no_compiler, "the kernel's compiler is missing",
           "Debian's headers ask for the version of gcc that built the kernel, and that is not installed.",
           "Another version of gcc is installed, or none.",
           "Install the package that has the name of the compiler:\n"
           "    sudo apt-get install gcc-12",
           "kmodtest: error[K0507]: the compiler 'gcc-12', which the kernel debian-6.1-cloud asks for, "
           "is missing\n"
           "  hint: install the package gcc-12"},
          {Code::bad_build_path, "Kbuild cannot work at this path",
           "The kernel's makefiles split paths at blanks and colons.",
           "The cache, in which modules are built, or the headers lie below such a folder.",
           "Name another folder:\n"
           "    export KMODTEST_CACHE=/var/tmp/kmodtest",
           "kmodtest: error[K0508]: Kbuild cannot work in /home/me/my files/build: its path has a "
           "space or a colon\n"
           "  hint: set KMODTEST_CACHE to a folder without them"},
          {Code::other_module_name, "the module calls itself by another name",
           "Plan and module disagree about the name, and steps would look for one that is never loaded.",
           "The folder has another name than the module in it.",
           "Write the name that the module has: `module: {path: FOLDER, name: NAME}`.",
           "kmodtest: error[K0509]: the module in /home/me/driver calls itself 'hello', not 'driver'\n"
           "  hint: write module: {path: driver, name: hello}"},
          {Code::same_module_name, "two modules have the same name",
           "The kernel holds one module of a name, and two of them were named.",
           "The same module was given as a folder and as a `.ko`, or two drivers have the same name.",
           "Leave out one of them, or test them in plans of their own.",
           "kmodtest: error[K0510]: two modules have the name 'hello'\n"
           "  hint: the kernel holds one of a name"},
          {Code::built_for_other_kernel, "the module was built for another kernel",
           "Its vermagic, or the versions of the symbols it uses, are those of another kernel. The "
           "guest's kernel would refuse to load it, so no guest was started.",
           "A `.ko` that was built on or for another machine.",
           "Name the module's folder, and kmodtest builds it for each kernel; or test it on the kernel "
           "that it was built for: `--kernel`.",
           "Failed hello [cpus=1]: preflight: hello was built for another kernel: its vermagic is "
           "'6.12.1 SMP', that of debian-6.1-cloud is '6.1.0-32-cloud-amd64 SMP'"},
          {Code::missing_symbol, "the kernel does not export a symbol that the module needs",
           "Neither the kernel nor a module that is loaded before exports it; the load would end with ENOENT.",
           "The function is not exported in this version, or comes with another module of yours.",
           "Name the module that exports it before the one that needs it, `module: [provider, user]`, "
           "or use what this kernel has.",
           "Failed hello [cpus=1]: preflight: hello needs frobnicate, which the kernel "
           "debian-6.1-cloud does not export"},
          {Code::symbol_of_unloaded_module, "a symbol comes from a module that nothing loads",
           "The kernel has a module that exports it, but that is not loaded in the guest.",
           "On an ordinary machine, modprobe loads it; the guest loads what the plan names.",
           "Add it to the plan: `kernel_modules: [NAME]`.",
           "Failed hello [cpus=1]: preflight: hello needs usb_register_driver, which the kernel's "
           "module usbcore exports, and nothing loads that\n"
           "      hint: write kernel_modules: [usbcore]"},
          {Code::symbol_version, "module and kernel disagree about a symbol's version",
           "The type of a function or of its arguments differs between the headers that the module was "
           "built against and the kernel.",
           "It was built against the headers of another build of this version.",
           "Build it against this kernel's headers; name the module's folder, and kmodtest does so.",
           "Failed hello [cpus=1]: preflight: hello disagrees with the kernel ./bzImage about the "
           "version of module_layout"},
          {Code::gpl_only_symbol, "the module's licence does not allow it a symbol",
           "The kernel lets only modules with a GPL-compatible licence use symbols that are exported "
           "with `EXPORT_SYMBOL_GPL`.",
           "`MODULE_LICENSE` is missing or names another licence.",
           "Add `MODULE_LICENSE(\"GPL\")` where that is the module's licence, or do without the symbol.",
           "Failed hello [cpus=1]: preflight: hello has the license 'Proprietary', but "
           "kthread_create_on_node may only be used by GPL modules"},
          {Code::namespace_not_imported, "a symbol's namespace is not imported",
           "The symbol is exported into a namespace, which a module has to import before it may use it.",
           "The kernel's maintainers moved it there in a later version.",
           "Add the line that the hint shows to the module's source. From 6.13 on the name stands in "
           "quotes: `MODULE_IMPORT_NS(\"NAME\")`.",
           "Failed hello [cpus=1]: preflight: hello uses dma_buf_get without importing the namespace DMA_BUF\n"
           "      hint: add MODULE_IMPORT_NS(DMA_BUF)"},
          {Code::unknown_parameter, "the module does not have this parameter",
           "The kernel would load the module all the same and ignore the parameter, so the test would "
           "not do what it says.",
           "A typing error, or `module_param` is missing.",
           "Correct the name. Where it is meant to be ignored: `checks: {parameters: false}`.",
           "Failed hello [cpus=1]: preflight: hello has no parameter 'cuont': the kernel would ignore it\n"
           "      hint: did you mean 'count'?"},
          {Code::no_symbols, "the module's debug information cannot be read",
           "Places in the source of a module come from its DWARF data, and the library that reads them refused.",
           "A `.ko` that was stripped in an unusual way, or is damaged. Verdicts do not depend on it.",
           "Build the module again, with `CONFIG_DEBUG_INFO` or `-g`.",
           "kmodtest: error[K0518]: cannot read the symbols of hello.ko: invalid DWARF"},
      }};
  return area;
}

}  // namespace kmodtest::base
