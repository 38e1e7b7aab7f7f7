# Made by kmodtest: gdb -x THIS-FILE
set confirm off
set architecture i386:x86-64
@symbols@
# Without this hook, leaving gdb would end the machine.
define hook-quit
  detach
end
target remote @socket@
