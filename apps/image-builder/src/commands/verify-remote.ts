import { Option } from '@commander-js/extra-typings';
import { readLock } from '@qemu-user-static/lock';
import { parseReference } from '@qemu-user-static/oci-registry';
import { type ImageSet, withTags } from '../layouts/image-set.ts';
import { areGenuine, arePresent, otherTags, type TagFinding, verifyRemote } from '../publish/verify.ts';
import { makeLayout } from '../release/pipeline.ts';
import { BuilderError } from '../report/errors.ts';
import { stage } from '../report/events.ts';
import { table } from '../report/format.ts';
import { listed } from '../report/problems.ts';
import { command as define, type OptionsOf, type Result } from './command.ts';
import { buildInputs, type Environment } from './environment.ts';
import { imagesIn } from './images.ts';
import { making, registries, selectionOf } from './options.ts';

const options = [
  new Option('--at <image>', 'repository, or one tag of it').makeOptionMandatory(),
  new Option('--deep', 'download and hash every blob'),
  ...registries(),
  ...making(),
] as const;

const examples = [
  ['verify-remote --at ghcr.io/owner/qemu-user-static', 'compare every tag'],
  [
    'verify-remote --at ghcr.io/owner/qemu-user-static:latest --deep',
    'download and hash every blob of one tag',
  ],
] as const;

type Options = OptionsOf<typeof options>;

/** Builds what the lock gives, and compares a registry with it. */
export const command = define(options, examples, async (given, environment) => {
  const { registry, repository, tag, digest } = parseReference(given.at);
  if (digest !== undefined) throw new BuilderError('USAGE', `--at takes a tag, not a digest: ${given.at}`);
  const set = await expected(given, environment);
  const chosen = tag === undefined ? set : withTags(set, (name) => name === tag);
  if (chosen.tags.length === 0)
    throw new BuilderError('USAGE', `the lock gives no tag ${tag} in the channels chosen; see --channel`);
  const client = environment.registry(registry, given).repository(repository);
  const findings = await stage('verify-remote', environment.onEvent, () =>
    verifyRemote(chosen, client, given.deep ? areGenuine : arePresent, given.connections),
  );
  const others = tag === undefined ? await otherTags(set, client) : [];
  return resultOf(`${registry}/${repository}`, findings, others);
});

async function expected(given: Options, environment: Environment): Promise<ImageSet> {
  const { output, compression: compressions, platform } = given;
  await makeLayout(
    await readLock(environment.paths.lock),
    { ...selectionOf(given), output, compressions },
    await buildInputs(environment),
  );
  return imagesIn({ from: [output], platform, tag: [] }, environment);
}

/** Tags that the lock does not give are told and are no failure: those of earlier releases never move, and stay. */
function resultOf(name: string, findings: readonly TagFinding[], others: readonly string[]): Result {
  const wrong = findings.filter(({ same }) => !same);
  const text = [
    ...(wrong.length > 0
      ? [
          table([
            ['TAG', 'SHALL BE', 'PROBLEM'],
            ...wrong.map(({ tag, digest, problems }) => [tag, digest, problems[0] ?? '']),
          ]),
        ]
      : []),
    `${name}: ${findings.length - wrong.length} of ${findings.length} tags are what the lock gives`,
    ...(others.length > 0 ? [`of other tags that are there, the lock says nothing:${listed(others)}`] : []),
  ].join('\n');
  const value = { tags: findings, others };
  if (wrong.length === 0) return { text, value };
  const problems = wrong.map(({ tag, problems }) => `${tag} ${problems.join(', ')}`);
  return {
    text,
    value,
    failure: new BuilderError('REMOTE_DIFFERS', `${name}:${listed(problems)}`),
  };
}
