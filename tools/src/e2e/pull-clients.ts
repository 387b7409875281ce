import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import { readIndex } from '@qemu-user-static/oci-image';
import { type Outcome, openEngine, run } from './engines.ts';
import { ENGINES, type EnginePlace, NEWER_ROOT } from './places.ts';
import { type SidTool, sidTool } from './sid-tools.ts';

/** The digests that an image for one platform has. */
export interface Digests {
  readonly index: string;
  readonly manifest: string;
  readonly config: string;
}

/** A client of registries that no one here wrote. */
export interface Client {
  /** For the name of a test. */
  readonly label: string;
  /** With its version: `Docker 26.1`. */
  name(): Promise<string>;
  /** Its command, as it is typed. */
  typed(image: string, platform?: HostPlatform): string;
  /** The digests that it reports of what it has pulled. */
  readonly reports: readonly (keyof Digests)[];
  /** Whether it has a store of layers, so that a second pull of an image finds them. */
  readonly keepsLayers: boolean;
  /**
   * Whether it takes the zstd image of a platform from an index with both compressions.
   * @param asked whether the platform is in the call, and not only that of the machine
   */
  takesZstd(platform: HostPlatform, asked: boolean): Promise<boolean>;
  /** Pulls an image, and gives the digests that it reports. It stays until `remove`. */
  pull(image: string, platform?: HostPlatform): Promise<string[]>;
  remove(image: string): Promise<void>;
  /** Runs the image that it has, with these words, where it can as it is. */
  run?(image: string, ...words: string[]): Promise<Outcome>;
}

/** @param folder for what they keep */
export function clientsIn(folder: string): Client[] {
  return [
    docker('Docker', ENGINES.own),
    docker('newer Docker', ENGINES.newer),
    podman('Podman', [], join(folder, 'podman')),
    podman('newer Podman', ['chroot', NEWER_ROOT], PODMAN_5),
    copier('skopeo', typedForSkopeo, folder, ['--version'], async (image, platform, to) => {
      const { architecture, variant } = host(platform);
      const as = [`--override-arch=${architecture}`, ...(variant ? [`--override-variant=${variant}`] : [])];
      const from = ['--src-tls-verify=false', `docker://${image}`];
      return ['--insecure-policy', '--override-os=linux', ...as, 'copy', ...from, `oci:${to}:it`];
    }),
    copier('crane', typedAs('crane pull'), folder, ['version'], async (image, platform, to) => {
      return ['pull', '--insecure', '--platform', platform, '--format', 'oci', image, to];
    }),
    copier('oras', typedAs('oras copy'), folder, ['version'], async (image, platform, to) => {
      return ['copy', '--from-plain-http', '--platform', platform, image, '--to-oci-layout', `${to}:it`];
    }),
  ];
}

/** Removes the files that they leave outside that folder. */
export function forgetClients(): void {
  rmSync(join(NEWER_ROOT, PODMAN_5), { recursive: true, force: true });
}

const PODMAN_5 = '/var/tmp/podman-pull';
const FORMAT = '{{.Id}}{{range .RepoDigests}} {{.}}{{end}}';
/** Milliseconds: some unpack half a gigabyte. */
const PATIENCE = 300_000;

async function succeed(outcome: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await outcome;
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
  return stdout.trim();
}

const asked = (platform: HostPlatform | undefined) =>
  platform === undefined ? [] : ['--platform', platform];
const typedAs =
  (command: string): Client['typed'] =>
  (image, platform) =>
    [command, ...asked(platform), image].join(' ');
const typedForSkopeo: Client['typed'] = (image, platform = 'linux/amd64') =>
  `skopeo copy --override-arch ${host(platform).architecture} docker://${image}`;
const versionIn = (text: string) => /\d+\.\d+/.exec(text)?.[0] ?? '';

/** Of `repository@digest repository@digest …`, which engines report of an image, those of the repository it was pulled from. */
function digestsIn(names: readonly string[], image: string): string[] {
  const repository = `${image.slice(0, image.lastIndexOf(':'))}@`;
  return names.filter((name) => name.startsWith(repository)).map((name) => name.slice(repository.length));
}

type Call = (...words: string[]) => Promise<Outcome>;

/** The image's id and the other digests of it. */
async function inspected(call: Call, image: string): Promise<[id: string, digests: string[]]> {
  const [id = '', ...names] = (await succeed(call('image', 'inspect', '--format', FORMAT, image))).split(' ');
  return [id, digestsIn(names, image)];
}

function docker(label: string, place: EnginePlace): Client {
  const { name, docker: call } = openEngine(place, PATIENCE);
  return {
    label,
    name: async () => name,
    typed: typedAs('docker pull'),
    reports: ['index', 'config'],
    keepsLayers: true,
    // From 23 on for the machine's own level of amd64: a platform that is in the call has none. arm64's from 28 on.
    takesZstd: async (platform, isAsked) =>
      platform === 'linux/amd64' && !isAsked && Number.parseInt(versionIn(name), 10) >= 23,
    async pull(image, platform) {
      await succeed(call('pull', '--quiet', ...asked(platform), image));
      return (await inspected(call, image)).flat();
    },
    remove: async (image) => {
      await succeed(call('rmi', image));
    },
    run: (image, ...words) => call('run', '--rm', image, ...words),
  };
}

function podman(label: string, command: readonly string[], store: string): Client {
  const call: Call = (...words) =>
    run([...command, 'podman', '--root', `${store}/root`, '--runroot', `${store}/run`, ...words], {
      patience: PATIENCE,
    });
  const version = async () => versionIn(await succeed(call('version', '--format', '{{.Client.Version}}')));
  return {
    label,
    name: async () => `Podman ${await version()}`,
    typed: typedAs('podman pull'),
    reports: ['index', 'manifest', 'config'],
    keepsLayers: true,
    takesZstd: async () => {
      const [major = 0, minor = 0] = (await version()).split('.').map(Number);
      return major > 4 || (major === 4 && minor >= 7);
    },
    async pull(image, platform) {
      await succeed(call('pull', '--quiet', '--tls-verify=false', ...asked(platform), image));
      const [id, digests] = await inspected(call, image);
      return [`sha256:${id}`, ...digests];
    },
    remove: async (image) => {
      await succeed(call('rmi', '--force', image));
    },
  };
}

/** A client that copies an image into an OCI layout. */
function copier(
  program: 'skopeo' | SidTool,
  typed: Client['typed'],
  folder: string,
  version: readonly string[],
  words: (image: string, platform: HostPlatform, to: string) => Promise<readonly string[]>,
): Client {
  const call = async (...argv: string[]) =>
    run([program === 'skopeo' ? program : await sidTool(program), ...argv], { patience: PATIENCE });
  let copy = '';
  return {
    label: program,
    name: async () => `${program} ${versionIn(await succeed(call(...version)))}`.trim(),
    typed,
    reports: ['manifest'],
    keepsLayers: false,
    // skopeo of Debian 12 has no zstd; the others copy the first entry of an architecture, whatever its variant.
    takesZstd: async (platform) => program !== 'skopeo' && platform === 'linux/arm64',
    async pull(image, platform = 'linux/amd64') {
      copy = mkdtempSync(join(folder, 'layout-'));
      await succeed(call(...(await words(image, platform, copy))));
      const { manifests } = await readIndex({ folder: copy });
      return manifests.map(({ digest }) => digest);
    },
    remove: async () => rmSync(copy, { recursive: true }),
  };
}
