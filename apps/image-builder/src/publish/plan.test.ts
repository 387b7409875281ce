import { type Descriptor, type Digest, digestOf, MEDIA_TYPE } from '@qemu-user-static/oci-image';
import { describe, expect, test } from 'vitest';
import { blobsOf, type ImageSet, type SetDocument, type SetTag, withTags } from '../layouts/image-set.ts';
import { formatPlan, formatReferences } from './format-plan.ts';
import { planPublish, type Target } from './plan.ts';
import { publishRefusal } from './refusal.ts';
import type { RepositoryState } from './state.ts';

const descriptor = (mediaType: string, name: string, size: number): Descriptor => ({
  mediaType,
  digest: digestOf(name),
  size,
});
const document = (mediaType: string, name: string, needs: Descriptor[]): [Digest, SetDocument] => {
  const own = descriptor(mediaType, name, 10);
  return [own.digest, { descriptor: own, bytes: new Uint8Array(10), needs }];
};
const config = descriptor('config', 'config', 1);
const small = descriptor('layer', 'small layer', 100);
const large = descriptor('layer', 'large layer', 1000);
const documents = new Map([
  document(MEDIA_TYPE.manifest, 'one', [config, small]),
  document(MEDIA_TYPE.manifest, 'all', [config, small, large]),
]);
const [one, all] = [...documents.values()];
if (one === undefined || all === undefined) throw new Error('no documents');
documents.set(...document(MEDIA_TYPE.index, 'index', [one.descriptor, all.descriptor]));
const tag = (name: string, of: string, channel = 'latest', immutable = false): SetTag => ({
  tag: name,
  channel,
  contents: { kind: 'all' },
  version: '11.1.3',
  exact: immutable,
  manifests: 'gzip',
  shape: 'index',
  immutable,
  digest: digestOf(of),
  platforms: ['linux/amd64'],
  edition: 'all',
});
const set: ImageSet = {
  tags: [
    tag('latest', 'index'),
    tag('aarch64', 'index'),
    tag('11.1.3-1', 'index', 'latest', true),
    tag('x86_64-aarch64-11.1.3-1', 'one', 'latest', true),
    tag('x86_64-aarch64', 'one'),
    tag('stable', 'index', 'stable'),
  ],
  documents,
  layoutOf: new Map(),
};

const nothing: RepositoryState = { tags: new Map(), present: new Set() };
const everything: RepositoryState = {
  tags: new Map(set.tags.map(({ tag: name, digest }) => [name, digest])),
  present: new Set([...documents.keys(), ...blobsOf(set).keys()]),
};
const at = (registry: string, repository: string, state: RepositoryState): Target => ({
  registry,
  repository,
  state,
});
const planFor = (...targets: Target[]) => planPublish(set, targets).targets;

describe('a repository that has nothing', () => {
  const [plan] = planFor(at('a.example', 'q', nothing));

  test('gets every blob, the largest first, and every document once under its digest', () => {
    expect(plan?.blobs).toEqual({
      mount: [],
      there: 0,
      upload: [large, small, config].map(({ digest, size }) => ({ digest, size })),
    });
    expect(plan?.manifests.map(({ digest }) => digest)).toEqual([digestOf('one'), digestOf('all')]);
    expect(plan?.indexes.map(({ digest }) => digest)).toEqual([digestOf('index')]);
  });

  test('gets the tags that never move first, then single manifests, indexes, channels, and latest at the end', () => {
    expect(plan?.tags.map(({ tag: name, turn, action }) => [turn, name, action])).toEqual([
      [0, 'x86_64-aarch64-11.1.3-1', 'create'],
      [1, '11.1.3-1', 'create'],
      [2, 'x86_64-aarch64', 'create'],
      [3, 'aarch64', 'create'],
      [4, 'stable', 'create'],
      [5, 'latest', 'create'],
    ]);
  });

  test('is sent blobs, three documents and six tags', () => {
    expect(plan?.bytes).toBe(1101 + 3 * 10 + 6 * 10);
  });
});

test('a repository that has everything is left alone', () => {
  const [plan] = planFor(at('a.example', 'q', everything));
  expect(plan).toMatchObject({
    blobs: { mount: [], upload: [], there: 3 },
    manifests: [],
    indexes: [],
    bytes: 0,
  });
  expect(new Set(plan?.tags.map(({ action }) => action))).toEqual(new Set(['leave']));
});

test('tags of one turn are written in the order of their names', () => {
  const names = ['c', 'a', 'd', 'b'];
  const several: ImageSet = { ...set, tags: names.map((name) => tag(name, 'index')) };
  const [plan] = planPublish(several, [at('a.example', 'q', nothing)]).targets;
  expect(plan?.tags.map(({ tag: name }) => name)).toEqual(['a', 'b', 'c', 'd']);
});

describe('blobs are taken over', () => {
  test('from a repository of the same registry that is filled before', () => {
    const [first, second] = planFor(at('a.example', 'q', nothing), at('a.example', 'r', nothing));
    expect(first?.blobs.mount).toEqual([]);
    expect(second?.blobs.upload).toEqual([]);
    expect(second?.blobs.mount.map(({ from }) => from)).toEqual(['q', 'q', 'q']);
    expect(second?.bytes).toBe(3 * 10 + 6 * 10);
  });

  test('from one that comes later, if it has them already', () => {
    const [first] = planFor(at('a.example', 'q', nothing), at('a.example', 'r', everything));
    expect(first?.blobs.mount.map(({ from }) => from)).toEqual(['r', 'r', 'r']);
  });

  test('never from another registry', () => {
    const [, second] = planFor(at('a.example', 'q', everything), at('b.example', 'q', nothing));
    expect(second?.blobs.upload).toHaveLength(3);
  });
});

describe('a tag that is there with another digest', () => {
  const other = digestOf('other');
  const state = (name: string): RepositoryState => ({ tags: new Map([[name, other]]), present: new Set() });

  test('moves, and the plan says from where', () => {
    const plan = planPublish(set, [at('a.example', 'q', state('latest'))]);
    expect(plan.targets[0]?.tags.at(-1)).toMatchObject({ tag: 'latest', action: 'move', was: other });
    expect(publishRefusal(plan)).toBe(undefined);
    expect(formatPlan(plan)).toMatch(/move +latest +sha256:\w{12} +sha256:\w{12}$/);
  });

  test('is refused if it never moves', () => {
    const plan = planPublish(set, [at('a.example', 'q', state('11.1.3-1'))]);
    const refused = plan.targets[0]?.tags.filter(({ action }) => action === 'refuse');
    expect(refused).toMatchObject([{ tag: '11.1.3-1', was: other }]);
    expect(publishRefusal(plan)).toMatchObject({
      code: 'TAG_IMMUTABLE',
      message: expect.stringContaining(`a.example/q:11.1.3-1 is ${other}`),
      remedy: expect.stringContaining('rebuild number'),
    });
  });
});

test('a plan is plain data', () => {
  const plan = planPublish(set, [at('a.example', 'q', nothing)]);
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
});

test.each([
  [40, undefined],
  [45, 'and 5 more; --json lists them'],
])('of %i tags that move, the first forty are listed, and the others counted', (count, last) => {
  const names = Array.from({ length: count }, (_, number) => `t${number}`);
  const many: ImageSet = { ...set, tags: names.map((name) => tag(name, 'index')) };
  const tags = new Map(names.map((name) => [name, digestOf('other')]));
  const text = formatPlan(planPublish(many, [at('a.example', 'q', { ...everything, tags })]));
  expect(text.match(/^move /gm)).toHaveLength(40);
  expect(/^and .*$/m.exec(text)?.[0]).toBe(last);
});

test('a plan is printed as a table', () => {
  expect(
    formatPlan(planPublish(set, [at('a.example', 'q', nothing), at('a.example', 'r', everything)])),
  ).toBe(
    [
      'REPOSITORY   BLOBS    MANIFESTS  INDEXES  TAGS      TO SEND',
      '───────────  ───────  ─────────  ───────  ────────  ───────',
      'a.example/q  3 mount  2          1        6 create  0.1 kB',
      'a.example/r  3 there  0          0        6 leave   0.0 kB',
    ].join('\n'),
  );
});

test('tags that are refused are printed before those that move, each with what it is and shall be', () => {
  const other = digestOf('other');
  const tags = new Map(['latest', '11.1.3-1'].map((name) => [name, other]));
  const [, ...lines] = formatPlan(planPublish(set, [at('a.example', 'q', { ...everything, tags })])).split(
    '\n\n',
  );
  const [was, is] = [other, digestOf('index')].map((digest) => digest.slice(0, 19));
  expect(lines.join('\n').split('\n')).toEqual(
    [
      'a.example/q:',
      '        TAG       IS                   SHALL BE           ',
      expect.stringMatching(/^─+ /),
      `refuse  11.1.3-1  ${was}  ${is}`,
      `move    latest    ${was}  ${is}`,
    ].map((line) => (typeof line === 'string' ? line.trimEnd() : line)),
  );
});

test('the references that can be pinned are those of whole sets, once for both compressions, in each repository', () => {
  const one = (name: string, kind: 'all' | 'register') => ({ ...tag(name, 'index'), contents: { kind } });
  const tags = ['latest', 'latest-gzip', 'latest-zstd', '11.1', 'a-gzip-1'].map((name) => one(name, 'all'));
  const plan = planPublish(set, [at('a.example', 'q', nothing), at('b.example', 'r', nothing)]);
  expect(formatReferences(plan, { tags: [...tags, one('register', 'register')] }).split('\n')).toEqual(
    ['a.example/q', 'b.example/r'].flatMap((name) =>
      ['latest', '11.1', 'a-gzip-1'].map((each) => `${name}:${each}@${digestOf('index')}`),
    ),
  );
});

test('some tags alone take along what they need, and nothing else', () => {
  const chosen = withTags(set, (name) => name === 'x86_64-aarch64');
  expect([...chosen.documents.keys()]).toEqual([digestOf('one')]);
  expect([...blobsOf(chosen).keys()]).toEqual([config.digest, small.digest]);
});
