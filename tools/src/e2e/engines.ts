import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { ROOT } from '../repository.ts';
import { BINFMT, ENGINES, type EnginePlace, KEPT, LAYOUT, socketOf } from './places.ts';

export { LAYOUT };

/** How a program ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds after which a program is ended: one that crashes as process 1 of a container hangs. */
const PATIENCE = 60_000;

/** Runs a program to its end. */
export async function run(
  argv: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string | Uint8Array;
    /** Milliseconds; for what is known to take long. */
    readonly patience?: number;
  } = {},
): Promise<Outcome> {
  const [program = '', ...words] = argv;
  const child = spawn(program, words, {
    env: { ...process.env, ...options.env },
  });
  // Before a signal can be sent: one to a child that was not started would reach the whole process group.
  await once(child, 'spawn');
  const patience = setTimeout(() => child.kill('SIGKILL'), options.patience ?? PATIENCE);
  child.stdin.end(options.input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  clearTimeout(patience);
  return { code, stdout, stderr };
}

/** An engine that the set-up started. */
export interface Engine {
  readonly place: EnginePlace;
  /** `Docker 26.1`. */
  readonly name: string;
  /** Debian's own client of that engine. */
  docker(...words: string[]): Promise<Outcome>;
  /** The project's command line, with this engine as its engine. */
  builder(...words: string[]): Promise<Outcome>;
}

/** Why the suites cannot run here, or nothing. */
export const NO_ENGINES = whyNot();

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync(join(LAYOUT, 'index.json'))) return 'no layout: npm run release';
  if (Object.values(ENGINES).some((place) => versionOf(place) === null))
    return 'no engines: node tools/src/e2e/set-up.ts';
  const status = join(BINFMT, 'register');
  return existsSync(status) ? undefined : 'binfmt_misc is not mounted';
}

function versionOf(place: EnginePlace): string | null {
  const [program = '', ...words] = clientOf(place);
  const { status, stdout } = spawnSync(program, [...words, 'version', '--format', '{{.Server.Version}}']);
  return status === 0 ? String(stdout).trim() : null;
}

/** The engine's own Debian has the client. */
function clientOf({ root, folder }: EnginePlace): string[] {
  return ['chroot', root, '/usr/bin/docker', '--host', `unix://${folder}/engine.sock`];
}

/** The project's command line. */
export function builder(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  patience = PATIENCE,
): Promise<Outcome> {
  const program = resolve(ROOT, 'apps/image-builder/src/main.js');
  return run([process.execPath, program, ...words], { env, patience });
}

/** @param patience milliseconds for each call; more where a container has much to do */
export function openEngine(place: EnginePlace, patience = PATIENCE): Engine {
  const [version = ''] = /^\d+\.\d+/.exec(versionOf(place) ?? '') ?? [];
  return {
    place,
    name: `Docker ${version}`,
    docker: (...words) => run([...clientOf(place), ...words], { patience }),
    builder: (...words) => builder(words, { DOCKER_HOST: `unix://${socketOf(place)}` }, patience),
  };
}

/** Takes away what a suite brought to an engine; what the set-up keeps there stays. */
export async function removeImages({ docker }: Engine): Promise<void> {
  const { stdout } = await docker('images', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}');
  const brought = stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(`${KEPT}:`))
    .map((line) => line.split(' ') as [name: string, id: string])
    .map(([name, id]) => (name.includes('<none>') ? id : name));
  if (brought.length > 0) await docker('rmi', '--force', ...new Set(brought));
}

/** Whether this machine's root has every capability there is, which `--privileged` of an old engine asks for. */
export const HAS_SYS_RESOURCE = (() => {
  const [, effective = '0'] = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  // https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/capability.h: CAP_SYS_RESOURCE is 24.
  return ((BigInt(`0x${effective}`) >> 24n) & 1n) === 1n;
})();
