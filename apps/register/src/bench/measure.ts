import { join } from 'node:path';
import { qemuScript, qemuUser } from '../testing/debian.ts';
import { IMAGE_ROOT, NO_STATIC_BUSYBOX } from '../testing/image.ts';
import { MOUNT, openNamespace } from '../testing/namespace.ts';
import { SCRIPT } from '../testing/script.ts';
import { SHELLS, type Shell } from '../testing/shells.ts';

/** Median milliseconds of a process that does it, from start to end. */
export interface Speed {
  readonly shell: string;
  /** A script that does nothing: what starting the shell alone takes. */
  readonly nothing: number;
  /** QEMU's script registering every guest. */
  readonly qemu: number;
  /** This program doing the same: checked, read back. */
  readonly register: number;
  /** This program, over entries that are there already. */
  readonly reset: number;
}

/**
 * Registers every guest with both programs, from an empty table, with Debian's emulators and flag F, in a user
 * namespace. In busybox both run in the image's root folder.
 */
export async function measureSpeed(rounds: number): Promise<Speed[]> {
  const [{ emulators }, { path: qemu }] = await Promise.all([qemuUser(), qemuScript()]);
  await using machine = await openNamespace(`mount -t binfmt_misc binfmt_misc ${MOUNT}
    ${NO_STATIC_BUSYBOX === undefined ? `${IMAGE_ROOT} mount --bind ${emulators} /mnt/usr/bin; cp ${qemu} /mnt/qemu` : ''}`);

  const measure = async (shell: Shell): Promise<Speed> => {
    const inImage = shell.argv[0] === 'busybox' && NO_STATIC_BUSYBOX === undefined;
    const start = inImage ? ['chroot', '/mnt', '/bin/sh'] : shell.argv;
    const [ours, theirs, folder] = inImage ? ['/register', '/qemu', '/usr/bin'] : [SCRIPT, qemu, emulators];
    const words = ['--qemu-path', folder, '--qemu-suffix', '-static', '-p', 'yes'];
    const twice = `"$@" --reset >/dev/null 2>&1 && exec "$@" --reset`;
    const programs = [
      ['nothing', ...start, '-c', ':'],
      ['qemu', ...start, theirs, ...words],
      ['register', ...start, ours, ...words],
      ['twice', ...start, '-c', twice, 'sh', ...(inImage ? ['/bin/sh'] : shell.argv), ours, ...words],
    ];
    const rounder = join(import.meta.dirname, 'rounds.ts');
    const { code, stdout, stderr } = await machine.run([
      process.execPath,
      rounder,
      String(rounds),
      MOUNT,
      JSON.stringify(programs),
    ]);
    if (code !== 0) throw new Error(stderr);
    const times = JSON.parse(stdout) as Record<string, number[]>;
    const [nothing, theirTime, ourTime, twiceTime] = ['nothing', 'qemu', 'register', 'twice'].map((name) =>
      median(times[name] ?? []),
    );
    return {
      shell: shell.name,
      nothing: nothing ?? 0,
      qemu: theirTime ?? 0,
      register: ourTime ?? 0,
      reset: (twiceTime ?? 0) - (ourTime ?? 0),
    };
  };

  const speeds = [];
  for (const shell of SHELLS) speeds.push(await measure(shell));
  return speeds;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
