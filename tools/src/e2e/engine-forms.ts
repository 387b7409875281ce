import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lock, lockedChannelOf } from '@qemu-user-static/lock';
import { PROJECT } from '../project-names.ts';
import type { Outcome } from './engines.ts';

// Command lines that public scripts, manifests and Dockerfiles have, as an engine takes them.

const IMAGE = PROJECT.image;
const EMULATOR = '/usr/bin/qemu-aarch64-static';

/** An engine with the images, and a folder that it sees. */
export interface Bench {
  /** The same folder, as this machine and as the engine sees it. */
  readonly folder: string;
  readonly seen: string;
  docker(...words: string[]): Promise<Outcome>;
  /** `docker run --rm`, with the rights that registering needs. */
  register(...words: string[]): Promise<Outcome>;
  /** The kernel's entries, in a few words. */
  entries(): Promise<string>;
  /** An immutable tag, by what comes before its version. */
  exact(what: string): string;
}

export interface EngineForm {
  /** As it is typed. */
  readonly example: string;
  /** Its result, in a few words. */
  result(bench: Bench): Promise<string>;
}

/** Every tag that the forms name. */
export function tagsOfForms(lock: Lock): string[] {
  const exact = exactTags(lock);
  const numbered = ['x86_64-aarch64', 'aarch64', 'register'].map(exact);
  return ['latest', 'register', 'x86_64-aarch64', 'arm', 'mips', ...numbered];
}

/** `register` becomes `register-<version>-<number>`, of amd64's version in `latest`. */
export function exactTags(lock: Lock): (what: string) => string {
  const { version = '' } = lockedChannelOf(lock, 'latest').platforms['linux/amd64'] ?? {};
  return (what) => `${what}-${version}-${lock.rebuilds[version]?.number}`;
}

/** The exit code and the error if it failed, or a description of stdout. */
function said({ code, stdout, stderr }: Outcome): string {
  const error = /^([A-Z]+(?:_[A-Z]+)+): /m.exec(stderr)?.[1] ?? stderr.trim();
  if (code !== 0) return `exit ${code}: ${error}`;
  if (stdout.startsWith('{')) return `JSON with ${Object.keys(JSON.parse(stdout)).join(', ')}`;
  if (/^qemu-\S+ version \d/.test(stdout)) return 'QEMU’s version';
  if (/^register\/\w+ qemu\/none/.test(stdout)) return 'the version of register';
  if (/^register\/\w+ qemu\/\d/.test(stdout)) return 'the versions of register and QEMU';
  if (/^Usage: register/.test(stdout)) return 'usage';
  if (stdout === '') return 'nothing is printed';
  const lines = stdout.trim().split('\n');
  return lines.length > 3 ? `${lines.length} lines` : `\`${lines.join(' ')}\``;
}

/** A call that registers; `before` is one that came before it. */
function registering(example: string, words: readonly string[], before?: readonly string[]): EngineForm {
  return {
    example,
    async result({ register, entries }) {
      if (before !== undefined) await register(...before);
      const outcome = await register(...words);
      return `${said(outcome)}; ${await entries()}`;
    },
  };
}

const words = (text: string) => text.split(' ').filter(Boolean);
const run = (tag: string, text: string, before?: string) =>
  registering(
    `docker run --rm --privileged ${IMAGE}${tag} ${text}`.trim() +
      (before === undefined ? '' : `\`, after \`${before}`),
    [`${IMAGE}${tag}`, ...words(text)],
    before === undefined ? undefined : [IMAGE, ...words(before)],
  );

/** A call that needs no rights. */
const plain = (example: string, ...argv: string[]): EngineForm => ({
  example,
  result: async ({ docker }) => said(await docker('run', '--rm', ...argv)),
});

/** A call with a folder of the machine, in which it leaves files. */
const copying = (example: string, to: string, ...argv: string[]): EngineForm => ({
  example,
  async result({ docker, folder, seen }) {
    const out = join(folder, 'out');
    mkdirSync(out, { recursive: true });
    const outcome = await docker('run', '--rm', '-v', `${join(seen, 'out')}:${to}`, ...argv);
    if (outcome.code !== 0) return said(outcome);
    const files = readdirSync(out, { recursive: true }).filter((name) => /qemu-|register/.test(String(name)));
    return files.length > 3 ? `${files.length} files` : files.map((name) => `\`${name}\``).join(', ');
  },
});

/** A Dockerfile, and what the image of it prints. */
const building = (
  example: string,
  dockerfile: (exact: Bench['exact']) => string[],
  ...argv: string[]
): EngineForm => ({
  example,
  async result({ docker, folder, seen, exact }) {
    const context = join(folder, 'context');
    mkdirSync(context, { recursive: true });
    writeFileSync(join(context, 'Dockerfile'), `${dockerfile(exact).join('\n')}\n`);
    const how = ['--pull=false', '--network=none', '--tag', 'of-a-form'];
    const built = await docker('build', ...how, join(seen, 'context'));
    if (built.code !== 0) return `exit ${built.code}`;
    return said(await docker('run', '--rm', 'of-a-form', ...argv));
  },
});

/** As a pod runs its container: the image goes on until it is stopped. */
const staying: EngineForm = {
  example: 'command: [sleep, infinity]',
  async result({ docker }) {
    const { stdout: id } = await docker('run', '--detach', '--entrypoint', 'sleep', IMAGE, 'infinity');
    const { stdout: running } = await docker('inspect', '--format', '{{.State.Running}}', id.trim());
    await docker('rm', '--force', id.trim());
    return running.trim() === 'true' ? 'runs until it is stopped' : 'ended';
  },
};

const shell = (line: string) => `docker run --rm --privileged --entrypoint /bin/sh ${IMAGE} -c "${line}"`;

export const REGISTERING: readonly EngineForm[] = [
  run('', '--reset -p yes'),
  run('', '--reset --persistent yes'),
  run('', '--reset -p yes --credential yes'),
  run('', '--credential yes --persistent yes', '--install arm64 --preserve-argv0 no'),
  run('', '-p yes', '-p yes'),
  run(':register', ''),
  run(':register', '--reset'),
  run(':register', '--reset --credential yes'),
  run(':register', '--reset -p yes'),
  run('', '--reset -- -p yes'),
  run('', '-p=yes'),
  run(':x86_64-aarch64', '-p yes'),
  run(':arm', '--reset -p yes'),
  run('', '--install all'),
  run('', '--install linux/arm64,linux/arm/v7'),
  run('', '--install windows/amd64,linux/arm64'),
  run('', '', '--install linux/amd64'),
  run('', '--uninstall qemu-aarch64'),
  run('', '--uninstall qemu-*', '--install all'),
  registering(shell('/register --reset -p yes && echo done'), [
    '--entrypoint',
    '/bin/sh',
    IMAGE,
    '-c',
    '/register --reset -p yes && echo done',
  ]),
  registering(
    `docker run --rm --privileged --entrypoint /qemu-binfmt-conf.sh ${IMAGE} --qemu-suffix -static --qemu-path /usr/bin -p yes`,
    [
      '--entrypoint',
      '/qemu-binfmt-conf.sh',
      IMAGE,
      ...words('--qemu-suffix -static --qemu-path /usr/bin -p yes'),
    ],
  ),
];

export const FILES: readonly EngineForm[] = [
  plain(`docker run --rm ${IMAGE} --version`, IMAGE, '--version'),
  plain(`docker run --rm ${IMAGE} --help —reset -p yes`, IMAGE, ...words('--help —reset -p yes')),
  ...['--version', '-version'].map((word) =>
    plain(
      `docker run --rm ${IMAGE}:x86_64-aarch64 ${EMULATOR} ${word}`,
      `${IMAGE}:x86_64-aarch64`,
      EMULATOR,
      word,
    ),
  ),
  copying(
    `docker run --rm -v DIR:/opt/mount --entrypoint cp ${IMAGE} ${EMULATOR} /opt/mount/`,
    '/opt/mount',
    ...['--entrypoint', 'cp', IMAGE, EMULATOR, '/opt/mount/'],
  ),
  copying(
    `docker run --rm -v DIR:/rom --entrypoint /bin/sh ${IMAGE} -c "cp -a /usr/bin /rom"`,
    '/rom',
    ...['--entrypoint', '/bin/sh', IMAGE, '-c', 'cp -a /usr/bin /rom'],
  ),
  copying(
    `docker run --rm -v DIR:/data --entrypoint sh ${IMAGE} -c 'tar czf /data/qemu-arm.tgz /usr/bin/qemu-arm-static'`,
    '/data',
    ...['--entrypoint', 'sh', IMAGE, '-c', 'tar czf /data/qemu-arm.tgz /usr/bin/qemu-arm-static'],
  ),
  copying(
    "command: [sh], args: [-c, 'cp /*.sh /qemu/bin && cp /usr/bin/qemu-* /qemu/bin && chmod +x /qemu/bin/*']",
    '/qemu/bin',
    ...['--entrypoint', 'sh', IMAGE, '-c'],
    'cp /*.sh /qemu/bin && cp /usr/bin/qemu-* /qemu/bin && chmod +x /qemu/bin/*',
  ),
  staying,
  building(
    `COPY --from=${IMAGE} ${EMULATOR} /usr/bin/`,
    () => ['FROM scratch', `COPY --from=${IMAGE} ${EMULATOR} /usr/bin/`, `ENTRYPOINT ["${EMULATOR}"]`],
    '--version',
  ),
  building(
    `COPY --from=${IMAGE}:x86_64-aarch64-<version>-1 ${EMULATOR} /usr/bin/`,
    (exact) => [
      'FROM scratch',
      `COPY --from=${IMAGE}:${exact('x86_64-aarch64')} ${EMULATOR} /usr/bin/`,
      `ENTRYPOINT ["${EMULATOR}"]`,
    ],
    '--version',
  ),
  building(`FROM ${IMAGE}:mips, CMD ["/usr/bin/qemu-mips-static", "-L", "/", "--version"]`, () => [
    `FROM ${IMAGE}:mips`,
    'CMD ["/usr/bin/qemu-mips-static", "-L", "/", "--version"]',
  ]),
  building(`FROM ${IMAGE}, USER root`, () => [`FROM ${IMAGE}`, 'USER root'], '--version'),
  ...['aarch64', 'register'].map(
    (what): EngineForm => ({
      example: `docker run --rm ${IMAGE}:${what}-<version>-1 --version`,
      result: async ({ docker, exact }) =>
        said(await docker('run', '--rm', `${IMAGE}:${exact(what)}`, '--version')),
    }),
  ),
  plain(`docker run --rm --user root ${IMAGE} --version`, '--user', 'root', IMAGE, '--version'),
  plain(
    `docker run --rm --user nobody --entrypoint id ${IMAGE}`,
    ...['--user', 'nobody', '--entrypoint', 'id', IMAGE],
  ),
];
