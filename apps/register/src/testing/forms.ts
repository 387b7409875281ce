import type { Image } from './commands.ts';

/** A command line that public scripts, manifests or manuals have. */
export interface Form {
  readonly image: Image | 'arm' | 'mips';
  /** The words behind the image's name, or the whole call where it begins with a program's path. */
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What the kernel's table had before: nothing, this call's outcome, or that of another. */
  readonly before?:
    | 'itself'
    | 'one entry with the same flags'
    | 'one entry without flag C'
    | 'nothing mounted';
  /** How it is written where it is found, if not as a call of the image. */
  readonly written?: string;
}

const form = (image: Form['image'], words: string, more: Omit<Form, 'image' | 'argv'> = {}): Form => ({
  image,
  argv: words.split(' ').filter(Boolean),
  ...more,
});
const latest = (words: string, more: Omit<Form, 'image' | 'argv'> = {}) => form('latest', words, more);
/** A shell in place of the entry point, as manifests and werf have it. */
const shell = (image: Form['image'], line: string, written: string): Form => ({
  image,
  argv: ['/bin/sh', '-c', line],
  written,
});

/** The options of multiarch's images. */
export const MULTIARCH: readonly Form[] = [
  latest('--reset -p yes'),
  latest('--reset -p yes', { before: 'itself' }),
  latest('--reset --persistent yes'),
  latest('--reset -p yes --credential yes'),
  latest('--reset -p yes -c yes'),
  latest('--credential yes -p yes --reset'),
  latest('--reset --credential yes --persistent yes'),
  latest('--credential yes --persistent yes'),
  latest('--credential yes --persistent yes', { before: 'one entry with the same flags' }),
  latest('--credential yes --persistent yes', { before: 'one entry without flag C' }),
  latest('-p yes'),
  latest('-p yes', { before: 'itself' }),
  latest('-p yes', { before: 'one entry without flag C' }),
  form('register', ''),
  form('register', '', { before: 'itself' }),
  form('register', '--reset'),
  form('register', '--reset --credential yes'),
  form('register', '--reset --credential yes --persistent yes'),
  form('register', '--reset -p yes'),
  form('register', '--reset -p'),
  latest('--help \u2014reset -p yes'),
  latest('--version'),
  latest('--reset -- -p yes'),
  latest('-p=yes'),
  latest('-p yes', { before: 'nothing mounted' }),
  latest('--reset -p yes aarch64'),
  latest('--reset -p yes --qemu-targets aarch64'),
  form('aarch64', '-p yes'),
  form('arm', '--reset -p yes'),
  shell(
    'latest',
    '/register --reset -p yes && echo pausing',
    '--entrypoint=/bin/sh IMAGE -c "/register --reset -p yes && ..."',
  ),
  shell(
    'latest',
    '/register --reset --persistent yes && echo pausing',
    'command: [/bin/sh, -c, "/register --reset --persistent yes && ..."]',
  ),
  shell(
    'register',
    'QEMU_BIN_DIR=/qemu/bin /register --reset',
    "QEMU_BIN_DIR=/qemu/bin sh -c '/register --reset'",
  ),
  form('aarch64', '/usr/bin/qemu-aarch64-static --version'),
  form('aarch64', '/usr/bin/qemu-aarch64-static -version'),
  form('aarch64', '/usr/bin/qemu-aarch64-static -help'),
  form('mips', '/usr/bin/qemu-mips-static -L / --version'),
  form('aarch64', '/nowhere/init_drm'),
];

/** Every option of QEMU's qemu-binfmt-conf.sh, long and short. */
export const QEMU: readonly Form[] = [
  ...['--qemu-path /opt', '-Q /opt', '--qemu-suffix .bin', '-F .bin'],
  ...['--credential yes', '-c yes', '--credential=yes', '--credential no'],
  ...['--persistent yes', '--persistent no', '--preserve-argv0 yes', '-g yes', '-g no'],
  ...['--ignore-family yes', '-i yes', '--systemd ALL', '-s arm', '--debian', '-d', '--help', '-h'],
]
  .map((words) => {
    const files = /^(--systemd|-s|--debian|-d)\b/.test(words);
    return latest(files ? `${words} --exportdir /export` : `--reset ${words}`);
  })
  .concat([
    latest('--debian -e /export'),
    latest('-p yes', { env: { HOST_ARCH: 'aarch64' } }),
    latest('--reset -p yes -c yes -g yes'),
  ]);

/** The options of tonistiigi/binfmt. */
export const TONISTIIGI: readonly Form[] = [
  latest('--install all'),
  latest('--install all', { before: 'itself' }),
  latest('--install all', { before: 'one entry without flag C' }),
  latest('-install all'),
  latest('--install linux/arm64'),
  latest('--install=linux/arm64'),
  latest('--install arm64,arm/v6,amd64,386'),
  latest('--install linux/amd64/v3'),
  latest('--install linux/riscv64/rva20u64'),
  latest('--install x86-64'),
  { image: 'latest', argv: ['--install', 'linux/arm64, linux/arm/v7'] },
  latest('--install windows/amd64,linux/arm64'),
  latest('--install windows/amd64'),
  latest('--install darwin/arm64,wasip1/wasm'),
  latest('--install ALL'),
  latest('--install ARM64'),
  { image: 'latest', argv: ['--install', ''] },
  latest('--install amr64'),
  latest('--uninstall qemu-*', { before: 'itself' }),
  latest('--uninstall qemu-aarch64'),
  latest('', {}),
  latest('--install arm64', { env: { QEMU_BINARY_PREFIX: 'my-' } }),
  latest('--install arm64', { env: { QEMU_PRESERVE_ARGV0: '1' } }),
  latest('--version'),
];

/** The options of aptman/qus, which are not taken. */
export const QUS: readonly Form[] = [latest('-s -- -p'), latest('-- -r')];
