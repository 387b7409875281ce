import { imageRoot, NO_STATIC_BUSYBOX } from '../testing/image.ts';
import { MOUNT, openNamespace } from '../testing/namespace.ts';
import { qemuScript } from '../testing/qemu-script.ts';
import { qemuUser } from '../testing/qemu-user.ts';
import { scriptFile } from '../testing/script.ts';
import { SHELLS, type Shell } from '../testing/shells.ts';

/** Median milliseconds of a process that does it, from start to end. */
export interface Speed {
  readonly shell: string;
  /** A script that does nothing: what starting the shell alone takes. */
  readonly nothing: number;
  /** QEMU's script registering every guest in an empty table. */
  readonly qemu: number;
  /** This program doing the same: checked before, read back after. */
  readonly register: number;
  /** This program with --reset, over the entries it has just made. */
  readonly reset: number;
}

/** The shell in which the clock is read: of those that have one without starting a process. */
const CLOCK = 'busybox';

/**
 * Times four programs in turn, round after round, with an empty table before the first three. $1 is the number of
 * rounds, $2 the folder of emulators, $3 this program, $4 QEMU's; the rest is the shell that runs them.
 */
const ROUNDS = `
rounds=$1 words="--qemu-path $2 --qemu-suffix -static -p yes" register=$3 qemu=$4
shift 4
empty() {
  for entry in ${MOUNT}/qemu-*; do [ ! -e "$entry" ] || echo -1 >"$entry"; done
}
timed() {
  name=$1 began=$EPOCHREALTIME
  shift
  "$@" >/dev/null 2>&1 || echo "failed $name"
  echo "$name $began $EPOCHREALTIME"
}
while [ "$rounds" -gt 0 ]; do
  rounds=$((rounds - 1))
  timed nothing "$@" -c :
  timed qemu "$@" "$qemu" $words
  empty
  timed register "$@" "$register" $words
  timed reset "$@" "$register" $words --reset
  empty
done`;

/**
 * Registers every guest with both programs, with Debian's emulators and flag F, in a user namespace; in busybox both
 * run in the image's root folder.
 */
export async function measureSpeed(rounds: number, shells: readonly Shell[] = SHELLS): Promise<Speed[]> {
  const [{ emulators }, { path: qemu }] = await Promise.all([qemuUser(), qemuScript()]);
  await using machine = await openNamespace(`mount -t binfmt_misc binfmt_misc ${MOUNT}
    ${NO_STATIC_BUSYBOX === undefined ? `${imageRoot()} mount --bind ${emulators} /mnt/usr/bin; cp ${qemu} /mnt/qemu` : ''}`);

  const measure = async ({ name, argv }: Shell): Promise<Speed> => {
    const inImage = argv[0] === CLOCK && NO_STATIC_BUSYBOX === undefined;
    const clock = inImage ? ['chroot', '/mnt', '/bin/sh'] : [CLOCK, 'sh'];
    const files = inImage ? ['/usr/bin', '/register', '/qemu'] : [emulators, scriptFile(), qemu];
    const shell = inImage ? ['/bin/sh'] : argv;
    const { stdout, stderr } = await machine.run([
      ...clock,
      '-c',
      ROUNDS,
      'sh',
      String(rounds),
      ...files,
      ...shell,
    ]);
    if (stderr !== '' || stdout.includes('failed')) throw new Error(`${stdout}${stderr}`);
    return { shell: name, ...medians(stdout) };
  };

  const speeds = [];
  for (const shell of shells) speeds.push(await measure(shell));
  return speeds;
}

/** Lines of name, begin and end in seconds, to medians in milliseconds. */
function medians(lines: string): Omit<Speed, 'shell'> {
  const times = {
    nothing: [] as number[],
    qemu: [] as number[],
    register: [] as number[],
    reset: [] as number[],
  };
  for (const [, name, began, ended] of lines.matchAll(/^(\w+) (\S+) (\S+)$/gm)) {
    times[name as keyof typeof times].push((Number(ended) - Number(began)) * 1000);
  }
  const median = (values: number[]) =>
    values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  return {
    nothing: median(times.nothing),
    qemu: median(times.qemu),
    register: median(times.register),
    reset: median(times.reset),
  };
}
