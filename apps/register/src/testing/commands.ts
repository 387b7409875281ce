import type { Entry } from './namespace.ts';
import type { Outcome } from './run.ts';

/** Which image: all emulators, none, or one guest's. */
export type Image = 'latest' | 'register' | 'aarch64';

/** A command line users have in their scripts. */
export interface Command {
  readonly image: Image;
  readonly words: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A call before it, of the same image. */
  readonly after?: string;
}

const latest = (words: string, more: Omit<Command, 'image' | 'words'> = {}): Command => ({
  image: 'latest',
  words,
  ...more,
});

/** multiarch's command line, with every option of QEMU's script. */
export const MULTIARCH: readonly Command[] = [
  latest('--reset -p yes'),
  latest('-p yes --reset'),
  latest('--reset --persistent=yes'),
  latest('--reset -pyes', { after: '--reset' }),
  latest(''),
  latest('--reset'),
  { image: 'register', words: '--reset' },
  { image: 'register', words: '--reset -p yes', after: '--reset' },
  { image: 'aarch64', words: '--reset -p yes' },
  latest('-p yes', { after: '-p yes' }),
  latest('-p yes', { after: '-c yes' }),
  latest('-p yes -c yes'),
  latest('-p yes --preserve-argv0 yes'),
  latest('-p yes --ignore-family yes'),
  latest('--qemu-path /opt/qemu --qemu-suffix .bin'),
  latest('', { env: { QEMU_BIN_DIR: '/opt/qemu' } }),
  latest('-p yes', { env: { HOST_ARCH: 'riscv64' } }),
  latest('-p yes', { env: { PROC_PREFIX: '/nowhere' } }),
  latest('--systemd ALL --exportdir /export -p yes'),
  latest('--systemd arm --exportdir /export'),
  latest('--debian --exportdir /export'),
  latest('--help'),
  latest('--rest'),
];

/** The command line of tonistiigi/binfmt. */
export const OTHERS: readonly Command[] = [
  latest('--install all'),
  latest('--install linux/arm64,arm/v7,riscv64'),
  latest('--install amd64,arm64'),
  latest('--install all', { env: { QEMU_PRESERVE_ARGV0: '1' } }),
  latest('--install arm64', { env: { QEMU_BINARY_PATH: '/opt/qemu' } }),
  latest('', { after: '--install arm64' }),
  latest('', { after: '--install arm64 --credential no' }),
  latest('', { after: '--install amd64' }),
  latest('--uninstall qemu-aarch64', { after: '--install arm64,arm' }),
  latest('--uninstall arm64,linux/arm/v7', { after: '--install all' }),
  latest('--uninstall qemu-*', { after: '--install all' }),
  latest('--install='),
  latest('--version'),
];

/** This program's own. */
export const OWN: readonly Command[] = [
  latest('--status', { after: '-p yes' }),
  latest('--status --json', { after: '-p yes' }),
  latest('--verify', { after: '-p yes' }),
  latest('--reset -p yes --verify'),
  latest('--doctor --json', { after: '-p yes' }),
  latest('--reset -p yes --dry-run'),
  latest('--persist /export -s arm'),
];

/** A command line as it stands behind `docker run --rm --privileged`. */
export const typed = ({ words, env = {} }: Command) =>
  [...Object.entries(env).map(([name, value]) => `-e ${name}=${value}`), 'IMAGE', words].join(' ').trim();

/** What a call left, in a few words: how many entries, by their flags. */
export function left(entries: Readonly<Record<string, Entry>>): string {
  const byFlags = new Map<string, string[]>();
  for (const [name, { flags }] of Object.entries(entries))
    byFlags.set(flags, [...(byFlags.get(flags) ?? []), name]);
  if (byFlags.size === 0) return 'nothing';
  return Array.from(byFlags, ([flags, names]) => {
    const what = names.length > 3 ? `${names.length} entries` : names.map((name) => `\`${name}\``).join(' ');
    return `${what}, \`flags: ${flags}\``;
  }).join('; ');
}

/** What it said: the shape of stdout, or the code of the error. */
export function said({ stdout, stderr }: Outcome): string {
  const error = /^([A-Z]+(?:_[A-Z]+)*): /m.exec(stderr)?.[1];
  if (error !== undefined) return error;
  if (stdout === '') return '';
  if (stdout.startsWith('{')) return `JSON: ${Object.keys(JSON.parse(stdout)).join(', ')}`;
  if (stdout.startsWith('register/')) return '`register/... qemu/...`';
  const lines = stdout.trimEnd().split('\n');
  return `${lines.length} lines, the first \`${lines[0]?.replace(/Linux \S+/, 'Linux ...')}\``;
}
