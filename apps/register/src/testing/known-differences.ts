import type { ByteDifference } from './binfmt-lines.ts';

/** Why a byte of a pattern is not QEMU's. A byte that no reason fits fails the test. */
export const REASONS: readonly { readonly fits: (d: ByteDifference) => boolean; readonly reason: string }[] =
  [
    {
      fits: ({ part, at, theirs, ours }) => part === 'mask' && at === 7 && theirs === '00' && ours === 'fc',
      reason:
        'EI_OSABI: Linux programs say 0 (System V) or 3 (GNU), and no other is theirs. QEMU takes those of every system.',
    },
    {
      fits: ({ guest, part, at, theirs, ours }) =>
        ['alpha', 'm68k'].includes(guest) &&
        part === 'mask' &&
        [5, 6].includes(at) &&
        theirs === 'fe' &&
        ours === 'ff',
      reason:
        'EI_DATA and EI_VERSION: only old x86 tools wrote odd values there. QEMU lets them through here too.',
    },
    {
      fits: ({ guest, at }) => guest === 'microblaze' && at >= 16 && at <= 19,
      reason:
        "e_type and e_machine are big-endian on this guest: QEMU's bytes are little-endian e_type 2, which no such file has. QEMU's entry never matches.",
    },
  ];

/** Command lines that end differently, and why. */
export const COMMANDS: readonly (readonly [string, string])[] = [
  ['--help', 'Help that was asked for is no failure.'],
  ['--systemd ALL -p maybe', 'QEMU takes every word but `yes` for `no`, and says nothing.'],
  ['--systemd armm', 'The nearest right name is offered; wrong usage is exit code 2.'],
  ['--systemd arm64', 'The names of OCI, Debian, Go and uname are understood.'],
  ['--systemd all', 'As `--install all` has it.'],
  ['--systemd x86_64', "Asked for by name and not written: the host's own CPU is no guest."],
  ['--systemd i386', "Asked for by name and not written: it is of the host's family."],
  ['--systemd arm extra', 'A word that is no option is a slip; QEMU ignores it.'],
  [
    '--systemd ALL --persist=yes',
    "QEMU's getopt takes it for `--persistent` cut short; here `--persist` is an option of its own.",
  ],
  [
    '-S -static --systemd ALL',
    "QEMU's getopt takes `-S`, and its script stops reading there: entries instead of files, and for interpreters that are not there.",
  ],
  ['--frobnicate', 'QEMU goes on after the complaint, and registers.'],
];
