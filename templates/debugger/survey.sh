# SPDX-License-Identifier: GPL-2.0-or-later
# Loads the modules, and prints "NAME SECTION 0xADDRESS" for each section of each, then all of the kernel's symbols.
for file in @prerequisites@; do
  insmod "$file" >/dev/null 2>&1
done
for name in @modules@; do
  insmod "/tmp/modules/$name.ko" && cd "/sys/module/$name/sections" || continue
  for section in .[a-z]* *; do
    test -f "$section" && echo "$name $section $(cat "$section")"
  done
done
echo '--- kallsyms'
cat /proc/kallsyms
