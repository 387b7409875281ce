import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GitHubServer, startGitHub } from '@qemu-user-static/github/testing';
import { type DockerRegistry, startDockerRegistry } from '@qemu-user-static/oci-registry/testing';
import { ROOT } from './repository.ts';
import { linkPackages } from './workflows/checkout.ts';
import { makeMiniature } from './workflows/testing/miniature.ts';

// Kills what sends a release (publish, attest, github-release, one after the other) with SIGKILL at random moments, and
// holds that the next run finishes it: two registries and a GitHub on loopback then have the same as after a run that
// was left alone. Of signatures only that they are there: each is another one, by the nature of ECDSA.
//
//   node tools/src/kill-publication.ts [TIMES] [--real]
//
// Without --real the packages are small ones, made here. With it the layout is dist/oci.

const real = process.argv.includes('--real');
const times = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 20);
const REPOSITORY = 'owner/qemu-user-static';
/** Some of each kind, so that twenty releases do not take the day. */
const TAGS = ['latest', 'latest-zstd', '11*', 'register', 'arm', '*-arm'];

/** Where a release goes to. */
interface World {
  readonly registries: readonly DockerRegistry[];
  readonly gitHub: GitHubServer;
}

async function inNewWorld<T>(work: (world: World) => Promise<T>): Promise<T> {
  const registries = [await startDockerRegistry(), await startDockerRegistry()];
  const gitHub = await startGitHub();
  gitHub.repository(REPOSITORY).push('main', 'first', {});
  try {
    return await work({ registries, gitHub });
  } finally {
    await gitHub.close();
    await Promise.all(registries.map((registry) => registry.close()));
  }
}

/** Starts the three commands, in a process group of their own. */
function start(checkout: string, key: string, { registries, gitHub }: World) {
  const to = registries.map(({ name }) => `--repository=${name}/${REPOSITORY}`);
  const images = [...to, ...TAGS.map((tag) => `--tag='${tag}'`)].join(' ');
  const script = [
    `npx --no image-builder publish ${images} --push`,
    `npx --no image-builder attest ${images} --key=${key} --push`,
    `npx --no image-builder github-release --github=${REPOSITORY} --push`,
  ];
  const env = { ...process.env, GITHUB_API_URL: gitHub.url, GITHUB_TOKEN: 'any' };
  const words = ['-ec', script.join('\n')];
  return spawn('bash', words, { cwd: checkout, env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
}

async function finish(child: ReturnType<typeof start>): Promise<void> {
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-2000);
  });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`a run that was left alone ended with status ${status}: ${said}`);
}

/** All that can be read there, except the parts in which signatures differ. */
async function stateOf({ registries, gitHub }: World): Promise<string> {
  const repositories = await Promise.all(registries.map(({ name }) => repositoryState(name)));
  const releases = gitHub.repository(REPOSITORY).releases.map(({ tag_name, draft, body, assets }) => ({
    tag_name,
    draft,
    body,
    assets: assets.map(({ name, state, digest }) => [name, state, digest].join(' ')).sort(),
  }));
  return JSON.stringify({ repositories, releases }, null, 1);
}

async function repositoryState(registry: string): Promise<string[]> {
  const base = `http://${registry}/v2/${REPOSITORY}`;
  const tags: string[] = [];
  let next: string | undefined = `${base}/tags/list?n=1000`;
  while (next !== undefined) {
    const answer: Response = await fetch(next);
    tags.push(...((await answer.json()) as { tags: string[] }).tags);
    const link = /<([^>]+)>; *rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    next = link === undefined ? undefined : new URL(link, base).href;
  }
  return Promise.all(
    tags.sort().map(async (tag) => {
      const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
      const answer = await fetch(`${base}/manifests/${tag}`, { headers: { accept } });
      if (!/^sha256-[0-9a-f]{64}/.test(tag)) return `${tag} ${answer.headers.get('docker-content-digest')}`;
      // A fallback tag lists what is attached. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
      const { manifests = [] } = (await answer.json()) as { manifests?: { artifactType: string }[] };
      const types = manifests.map(({ artifactType }) => artifactType).sort();
      return `${tag} ${types.join(' ')}`;
    }),
  );
}

async function makeCheckout(folder: string): Promise<string> {
  const checkout = join(folder, 'checkout');
  const cache = join(folder, 'cache');
  await makeMiniature(checkout, cache);
  await linkPackages(checkout);
  const words = ['image-builder', 'build', `--cache=${cache}`];
  const [status] = await once(spawn('npx', words, { cwd: checkout, stdio: 'ignore' }), 'close');
  if (status !== 0) throw new Error(`the layout could not be made: status ${status}`);
  return checkout;
}

const folder = await mkdtemp(join(tmpdir(), 'kill-publication-'));
try {
  const checkout = real ? ROOT : await makeCheckout(folder);
  const key = join(folder, 'key.pem');
  const generate = ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', key];
  await once(spawn('openssl', generate, { stdio: 'ignore' }), 'close');

  const begun = performance.now();
  const expected = await inNewWorld(async (world) => {
    await finish(start(checkout, key, world));
    return stateOf(world);
  });
  const duration = performance.now() - begun;
  process.stdout.write(`left alone: ${(duration / 1000).toFixed(1)} s\n`);

  for (let time = 1; time <= times; time++) {
    const moment = Math.random() * duration;
    const same = await inNewWorld(async (world) => {
      const killed = start(checkout, key, world);
      await Promise.race([sleep(moment), once(killed, 'close')]);
      if (killed.exitCode === null && killed.pid !== undefined) process.kill(-killed.pid, 'SIGKILL');
      await finish(start(checkout, key, world));
      return (await stateOf(world)) === expected;
    });
    process.stdout.write(
      `${time}: killed after ${(moment / 1000).toFixed(1)} s: ${same ? 'same end' : 'ANOTHER END'}\n`,
    );
    if (!same) throw new Error('the run after a kill ended elsewhere');
  }
  process.stdout.write(`${times} of ${times} kills: the next run came to the same end\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
