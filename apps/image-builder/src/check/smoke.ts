import { HOST_PLATFORMS, type HostPlatform, host } from '@qemu-user-static/arch-table';
import type { ContainerOutcome, Engine, Rights } from '@qemu-user-static/container-engine';
import {
  type FoundImage,
  type FoundLayout,
  imageArchive,
  type Layout,
  walkLayout,
} from '@qemu-user-static/oci-image';
import { imageFor } from '../images/listing.ts';
import { BuilderError } from '../report/errors.ts';

/** The parts that work. */
export interface SmokeReport {
  readonly engine: string;
  /** The options of `docker run` with which it registered. */
  readonly rights: string;
  readonly tag: string;
  /** The platforms whose programs did not run before, and did after. */
  readonly guests: readonly { readonly platform: HostPlatform; readonly machine: string }[];
  /** Guests whose probe ran, by the register program's own `--verify`. */
  readonly verified: number;
}

/** Users' own command, and less where the engine itself has not got every capability. */
const RIGHTS: readonly Rights[] = [
  { name: '--privileged', host: { Privileged: true } },
  {
    name: '--cap-drop ALL -v /proc/sys/fs/binfmt_misc:/binfmt_misc',
    host: { CapDrop: ['ALL'], Binds: ['/proc/sys/fs/binfmt_misc:/binfmt_misc'] },
  },
];

/** A program of another CPU that says where it runs: the shell of that platform's own image. */
const GUEST_PROGRAM = ['/bin/busybox', 'sh', '-c', 'uname -m'];

/**
 * Registers the emulators of an image with the engine's kernel and runs programs of the other platforms' images;
 * then takes the emulators away, and sees that the programs stop working and the kernel is as before.
 *
 * @param tag an image with every emulator, such as `latest`
 * @throws BuilderError SMOKE_FAILED with all that did not work; SMOKE_IMPOSSIBLE where a kernel has emulators of
 *   somebody else's, which would be lost
 */
export async function smoke(layout: Layout, tag: string, engine: Engine): Promise<SmokeReport> {
  const own = engine.platform;
  if (own === null)
    throw new BuilderError('SMOKE_IMPOSSIBLE', `${engine.description} is not one of the host platforms`);
  const found = await walkLayout(layout);
  const repository = `qemu-user-static-smoke-${process.pid}`;
  const loaded: string[] = [];
  const load = async ({ manifest }: FoundImage, name: string) => {
    await engine.load(imageArchive(layout, manifest, { repository, tag: name }, 'docker-archive'));
    loaded.push(`${repository}:${name}`);
    return `${repository}:${name}`;
  };
  try {
    const whole = await load(
      requireImage(found, (name) => name === tag, own),
      'host',
    );
    const guests = [];
    for (const platform of HOST_PLATFORMS.filter((one) => one !== own)) {
      const image = findImage(found, isRegisterTag, platform);
      if (image) guests.push({ platform, image: await load(image, platform.replaceAll('/', '-')) });
    }
    return await runSmoke(engine, tag, whole, guests);
  } finally {
    for (const name of loaded) await engine.removeImage(name);
  }
}

/** The result of a smoke test, in a line. */
export function formatSmoke({ engine, rights, tag, guests, verified }: SmokeReport): string {
  const ran = guests.map(({ platform, machine }) => `${platform} (${machine})`).join(', ');
  return `smoke: ${tag} on ${engine} with ${rights}: ran ${ran}; ${verified} guests verified`;
}

interface Guest {
  readonly platform: HostPlatform;
  readonly image: string;
}

async function runSmoke(
  engine: Engine,
  tag: string,
  image: string,
  guests: readonly Guest[],
): Promise<SmokeReport> {
  const rights = await findRights(engine, image);
  const register = (...words: string[]) => engine.run({ image, words, rights });
  const state = async () => entriesIn(await register('--status', '--json'));
  const before = await state();
  if (before.some((entry) => JSON.stringify(entry).includes('qemu')))
    throw new BuilderError('SMOKE_IMPOSSIBLE', `${engine.description} has emulators registered already`);

  // A CPU may run programs of an older one by itself: those need no emulator and prove none.
  const emulated: Guest[] = [];
  for (const guest of guests) if ((await runGuest(engine, guest)).code !== 0) emulated.push(guest);

  const problems: string[] = [];
  let verified = 0;
  try {
    const registering = await register('--reset', '-p', 'yes');
    if (registering.code !== 0) problems.push(`--reset -p yes: ${outcomeText(registering)}`);
    for (const guest of emulated) {
      const problem = await guestProblem(engine, guest);
      if (problem) problems.push(`${guest.platform}: ${problem}`);
    }
    const verifying = await register('--verify');
    const lines = verifying.stdout.split('\n').filter((line) => line !== '');
    verified = lines.filter(isVerified).length;
    problems.push(...lines.filter((line) => !isVerified(line)).map((line) => `--verify: ${line}`));
    if (verifying.code !== 0 && verified === lines.length)
      problems.push(`--verify: ${outcomeText(verifying)}`);
  } finally {
    const removing = await register('--uninstall', 'qemu-*');
    if (removing.code !== 0) problems.push(`--uninstall qemu-*: ${outcomeText(removing)}`);
  }
  for (const guest of emulated)
    if ((await runGuest(engine, guest)).code === 0)
      problems.push(`${guest.platform}: still runs after --uninstall`);
  if (JSON.stringify(await state()) !== JSON.stringify(before))
    problems.push('the kernel’s entries are not as they were before');

  if (problems.length > 0) {
    const list = problems.map((problem) => `\n  - ${problem}`).join('');
    throw new BuilderError('SMOKE_FAILED', `${tag} on ${engine.description}:${list}`);
  }
  const ran = emulated.map(({ platform }) => ({ platform, machine: host(platform).uname }));
  return { engine: engine.description, rights: rights.name, tag, guests: ran, verified };
}

/** The first rights with which the engine starts the image at all. */
async function findRights(engine: Engine, image: string): Promise<Rights> {
  const refused: string[] = [];
  for (const rights of RIGHTS) {
    const outcome = await engine.run({ image, words: ['--help'], rights });
    if (outcome.code === 0) return rights;
    refused.push(`\n  - ${rights.name}: ${outcomeText(outcome)}`);
  }
  throw new BuilderError(
    'SMOKE_FAILED',
    `${engine.description} does not start the image:${refused.join('')}`,
  );
}

/** Why a guest's program did not say what its CPU is called, or null. */
async function guestProblem(engine: Engine, guest: Guest): Promise<string | null> {
  const outcome = await runGuest(engine, guest);
  const expected = host(guest.platform).uname;
  if (outcome.code === 0 && outcome.stdout.trim() === expected) return null;
  return `\`uname -m\` gives no ${expected}: ${outcomeText(outcome)}`;
}

/** It has succeeded wherever something runs it; what it prints names the CPU, where that is emulated. */
function runGuest(engine: Engine, { image }: Guest): Promise<ContainerOutcome> {
  return engine.run({ image, entrypoint: GUEST_PROGRAM, words: [] });
}

function entriesIn(status: ContainerOutcome): readonly unknown[] {
  if (status.code !== 0) throw new BuilderError('SMOKE_FAILED', `--status: ${outcomeText(status)}`);
  return (JSON.parse(status.stdout) as { entries: unknown[] }).entries;
}

function isVerified(line: string): boolean {
  return /^\S+\s+ok$/.test(line);
}

function outcomeText({ code, stdout, stderr }: ContainerOutcome): string {
  const said = (stderr.trim() || stdout.trim()).split('\n').slice(-3).join(' ');
  return code === null ? said : `exit status ${code}${said === '' ? '' : `, ${said}`}`;
}

function isRegisterTag(tag: string): boolean {
  return tag === 'register' || tag.startsWith('register-');
}

function findImage(
  found: FoundLayout,
  isTag: (tag: string) => boolean,
  platform: HostPlatform,
): FoundImage | undefined {
  const images = found.tags.filter(({ tag }) => isTag(tag)).flatMap((tag) => tag.images);
  return imageFor(images, platform);
}

function requireImage(
  found: FoundLayout,
  isTag: (tag: string) => boolean,
  platform: HostPlatform,
): FoundImage {
  const image = findImage(found, isTag, platform);
  if (image === undefined)
    throw new BuilderError('SMOKE_IMPOSSIBLE', `the layout has no image for ${platform} to try`);
  return image;
}
