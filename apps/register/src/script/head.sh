#!/bin/sh
# register: tells the kernel (binfmt_misc) which emulator runs the programs of which CPU.
set -u
