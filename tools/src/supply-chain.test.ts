import { type ExecFileOptions, execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import {
  type AttestPlan,
  attestCommand,
  type Environment,
  type MadeCheckout,
  madeCheckout,
  publishCommand,
  sbomCommand,
} from '@qemu-user-static/image-builder/testing';
import {
  hasDockerRegistry,
  startDockerRegistry,
  startRegistryServer,
} from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sidTool, spdxTools } from './e2e/sid-tools.ts';

// The attached documents, read by cosign, oras and SPDX's own validator, as Debian sid has them.

const execute = promisify(execFile);
/** Runs a program that reaches nothing but this machine: loopback is never spoken to by way of a proxy. */
const run = (program: string, words: readonly string[], options: ExecFileOptions = {}) =>
  execute(program, words, {
    maxBuffer: 1 << 24,
    ...options,
    encoding: 'utf8',
    env: { ...process.env, HTTP_PROXY: NOWHERE, HTTPS_PROXY: NOWHERE, ...options.env },
  });
const NOWHERE = 'http://127.0.0.1:1';
const possible = !process.env.OFFLINE && process.arch === 'x64' && hasDockerRegistry;
const hasPython = spawnSync('python3', ['--version']).status === 0;
// Without a test, nothing would remove it.
const folder = possible ? await mkdtemp(join(tmpdir(), 'supply-chain-')) : '';
const TAGS = { tag: ['x86_64-arm', 'armv7l-arm', 'arm-10.2.2'], platform: [], connections: 4 };
/** The statement of `cosign sign`. */
const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';

interface Referrer {
  readonly artifactType: string;
  readonly digest: string;
}

let cosign: string;
let oras: string;
let checkout: MadeCheckout;
let layout: string;

afterAll(async () => {
  await checkout?.environment.close();
  await rm(folder, { recursive: true, force: true });
});

const environment = (): Environment => ({
  ...checkout.environment,
  builder: async () => ({ commit: 'c'.repeat(40), builder: { id: 'https://example.org/machine' } }),
});

describe.skipIf(!possible)(
  'what is attached offline, except the programs themselves (network, docker-registry)',
  () => {
    beforeAll(async () => {
      [cosign, oras] = [await sidTool('cosign'), await sidTool('oras')];
      checkout = await madeCheckout(folder, { COSIGN_PASSWORD: 'pw' });
      layout = await checkout.build('oci');
      // cosign makes the key itself, encrypted.
      await run(cosign, ['generate-key-pair'], { cwd: folder, env: { COSIGN_PASSWORD: 'pw' } });
    }, 300_000);

    const key = join(folder, 'cosign.key');
    const trusted = (name = 'cosign.pub') => [
      ...['--key', join(folder, name)],
      // A key of one's own leaves no trace in the public log.
      ...['--insecure-ignore-tlog', '--allow-http-registry'],
    ];

    describe.each([
      ['docker-registry, which has no list of referrers', () => startDockerRegistry()],
      ['a registry with a list of referrers', () => startRegistryServer()],
    ])('in %s', (_, start) => {
      let server: Awaited<ReturnType<typeof start>>;
      let image: string;
      const attest = async (options: { key?: string; push?: true; unsigned?: true }) => {
        const { value } = await attestCommand.run(
          { repository: [image], layout: [layout], ...TAGS, ...options },
          environment(),
        );
        return value as AttestPlan;
      };

      beforeAll(async () => {
        server = await start();
        image = `${server.name}/o/q`;
        await publishCommand.run(
          { repository: [image], layout: [layout], ...TAGS, push: true },
          environment(),
        );
      });
      afterAll(() => server.close());

      test('oras discovers the documents of an image that is not signed, and fetches one', async () => {
        await attest({ push: true, unsigned: true });
        const words = ['discover', '--plain-http', '--format', 'json', `${image}:x86_64-arm`];
        const { referrers } = JSON.parse((await run(oras, words)).stdout) as { referrers: Referrer[] };
        expect(referrers.map(({ artifactType }) => artifactType).sort()).toEqual([
          'application/spdx+json',
          'application/vnd.cyclonedx+json',
          'application/vnd.in-toto+json',
        ]);
        const bill = referrers.find(({ artifactType }) => artifactType === 'application/spdx+json');
        const { digest } = JSON.parse(
          (await run(oras, ['manifest', 'fetch', '--plain-http', `${image}@${bill?.digest}`])).stdout,
        ).layers[0];
        const fetched = ['blob', 'fetch', '--plain-http', '--output', '-', `${image}@${digest}`];
        expect(JSON.parse((await run(oras, fetched)).stdout).spdxVersion).toBe('SPDX-2.3');
      });

      test('cosign finds no signature on an unsigned image', async () => {
        await expect(run(cosign, ['verify', ...trusted(), `${image}:x86_64-arm`])).rejects.toThrow(
          'no signatures found',
        );
      });

      test('what cosign has signed with our key is not signed again', async () => {
        const words = ['sign', '--yes', '--use-signing-config=false', '--tlog-upload=false'];
        await run(cosign, [...words, '--allow-http-registry', '--key', key, `${image}:arm-10.2.2`], {
          env: { COSIGN_PASSWORD: 'pw' },
        });
        const { targets } = await attest({ key });
        const signing = targets
          .flatMap(({ subjects }) => subjects)
          .filter(({ sign }) => sign.includes(SIGNATURE));
        // Of the three that tags point at, the index is signed.
        expect(signing).toHaveLength(2);
      });

      test('cosign verifies image and index, by tag', async () => {
        await attest({ key, push: true });
        for (const tag of ['x86_64-arm', 'arm-10.2.2']) {
          const { stdout, stderr } = await run(cosign, ['verify', ...trusted(), `${image}:${tag}`]);
          expect(stderr).toContain('The signatures were verified against the specified public key');
          const types = JSON.parse(stdout).map((one: { critical: { type: string } }) => one.critical.type);
          expect(types).toContain(SIGNATURE);
        }
      });

      test.each([
        ['cyclonedx', 'https://cyclonedx.org/bom'],
        ['spdxjson', 'https://spdx.dev/Document'],
        ['slsaprovenance1', 'https://slsa.dev/provenance/v1'],
      ])('cosign verifies the attestation of type %s', async (type, predicateType) => {
        const words = ['verify-attestation', '--type', type, ...trusted(), `${image}:x86_64-arm`];
        const { stdout } = await run(cosign, words);
        const statement = JSON.parse(Buffer.from(JSON.parse(stdout).payload, 'base64').toString());
        expect(statement.predicateType).toBe(predicateType);
      });

      test('cosign refuses another key', async () => {
        const other = await mkdtemp(join(folder, 'other-'));
        await run(cosign, ['generate-key-pair'], { cwd: other, env: { COSIGN_PASSWORD: '' } });
        const words = ['verify', ...trusted(join(basename(other), 'cosign.pub')), `${image}:x86_64-arm`];
        await expect(run(cosign, words)).rejects.toThrow('accepted signatures do not match threshold');
      });

      test('a second run has nothing to do', async () => {
        const { targets } = await attest({ key });
        expect(targets[0]?.subjects.flatMap(({ attach, sign }) => [...attach, ...sign])).toEqual([]);
      });
    });

    test.skipIf(!hasPython)(
      'SPDX’s own validator accepts a bill (python3)',
      { timeout: 300_000 },
      async () => {
        const PYTHONPATH = await spdxTools();
        const validate = (file: string) =>
          run('python3', ['-m', 'spdx_tools.spdx.clitools.pyspdxtools', '--infile', file], {
            env: { PYTHONPATH },
          });
        const options = { layout, image: 'x86_64-arm', platform: 'linux/amd64', format: 'spdx' } as const;
        const { text } = await sbomCommand.run(options, environment());
        const file = join(folder, 'bill.spdx.json');
        await writeFile(file, text);
        await validate(file);
        await writeFile(file, text.replaceAll('SPDXRef-Package-qemu-user', 'SPDXRef-Image'));
        await expect(validate(file)).rejects.toThrow('spdx_id must be unique');
      },
    );
  },
);
