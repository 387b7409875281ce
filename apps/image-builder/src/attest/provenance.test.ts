import { lockOf } from '@qemu-user-static/lock/testing';
import { expect, test } from 'vitest';
import { provenance } from './provenance.ts';

const COMMIT = 'c'.repeat(40);
const facts = {
  source: 'https://example.org/q',
  commit: COMMIT,
  files: { 'sources.lock.json': 'a'.repeat(64) },
  builder: { id: 'b' },
};

test('provenance names what the image was made from, each with its hash', () => {
  const emulators = lockOf({ latest: { 'linux/amd64': '11.1.3' } }).channels.latest?.platforms['linux/amd64']
    ?.emulators;
  if (emulators === undefined) throw new Error('the lock has no amd64');
  const built = { channel: 'latest', platforms: ['linux/amd64'], packages: [emulators] } as const;
  expect(provenance(built, facts)).toEqual({
    buildDefinition: {
      buildType: 'https://example.org/q/blob/main/docs/supply-chain.md#provenance',
      externalParameters: { channel: 'latest', platforms: ['linux/amd64'] },
      resolvedDependencies: [
        { uri: `git+https://example.org/q@${COMMIT}`, digest: { gitCommit: COMMIT } },
        {
          name: 'sources.lock.json',
          uri: `https://example.org/q/blob/${COMMIT}/sources.lock.json`,
          digest: { sha256: 'a'.repeat(64) },
        },
        {
          name: 'qemu-user 1:11.1.3+ds-1 amd64',
          uri: expect.stringMatching(/^http:\/\/[^/]+\/debian\/pool\/.*qemu-user/),
          digest: { sha256: emulators.sha256 },
        },
      ],
    },
    runDetails: { builder: { id: 'b' } },
  });
});

test('provenance names the run that built, where there was one', () => {
  const built = { channel: 'latest', platforms: [], packages: [] };
  const builder = { id: 'b', invocation: 'run/7' };
  expect(provenance(built, { ...facts, builder })).toMatchObject({
    runDetails: { builder: { id: 'b' }, metadata: { invocationId: 'run/7' } },
  });
});
