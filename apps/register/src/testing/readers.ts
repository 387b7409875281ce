import { spawnSync } from 'node:child_process';
import { MOUNT, NO_NAMESPACES } from './namespace.ts';
import { scriptFile } from './script.ts';
import { ONE_SHELL } from './shells.ts';

/** Status of a call after which the kernel has no entry. */
const REFUSED = 3;
/** An entry from stdin, and then what the script reports of it, each report with a NUL behind it. */
const LINES = `mount -t binfmt_misc binfmt_misc ${MOUNT}
cat > ${MOUNT}/register 2> /dev/null || exit ${REFUSED}
for words in '--status --json' --status; do
  "$@" $words || exit
  printf '\\0'
done`;

/** The script as a reader of the kernel's entries, whatever somebody registered; none where there are no namespaces. */
export function readers() {
  if (NO_NAMESPACES !== undefined) return [];
  return [
    {
      name: 'kernel-entry',
      samples: [
        ':qemu-arm:E::arm::/usr/bin/qemu-arm-static:OCF',
        ':other name:M:0:MZ:\\xff\\xff:/usr/bin/wine:P',
      ],
      read: (entry: string) => {
        const words = [
          '--user',
          '--map-root-user',
          '--mount',
          'sh',
          '-c',
          LINES,
          'sh',
          ...ONE_SHELL.argv,
          scriptFile(),
        ];
        const { status, stdout, stderr } = spawnSync('unshare', words, { input: entry, encoding: 'utf8' });
        if (status === REFUSED) return;
        if (status !== 0 || stderr !== '') throw new Error(`status ${status}: ${stderr}`);
        const [json = '', table = ''] = stdout.split('\0');
        JSON.parse(json);
        if (/[^\P{Cc}\n]/u.test(table))
          throw new Error(`a control character is printed: ${JSON.stringify(table)}`);
      },
    },
  ];
}
