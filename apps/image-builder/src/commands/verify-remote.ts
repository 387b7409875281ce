import { Option } from '@commander-js/extra-typings';
import { readLock } from '@qemu-user-static/lock';
import { parseReference, systemClock } from '@qemu-user-static/oci-registry';
import { type ImageSet, withTags } from '../layouts/image-set.ts';
import { nameOf } from '../publish/destination.ts';
import { formatFindings, formatRequests, remoteDiffers } from '../publish/format-findings.ts';
import { RateLimit } from '../publish/rate-limit.ts';
import { areGenuine, arePresent, otherTags, verifyRemote, verifyRequests } from '../publish/verify.ts';
import { makeLayout } from '../release/pipeline.ts';
import { BuilderError } from '../report/errors.ts';
import { stage } from '../report/events.ts';
import { command as define, type OptionsOf } from './command.ts';
import { buildInputs, type Environment } from './environment.ts';
import { imagesIn, letThrough } from './images.ts';
import { formerly, gates, making, registries, selectionOf } from './options.ts';

const repository = new Option('-r, --repository <image>', 'repository, or one tag of it')
  .env('IMAGE_BUILDER_REPOSITORY')
  .makeOptionMandatory();

const options = [
  repository,
  formerly('--at <image>', repository),
  new Option('--deep', 'download and hash every blob'),
  ...gates(),
  ...registries(),
  ...making(),
] as const;

const examples = [
  ['verify-remote --repository ghcr.io/owner/qemu-user-static', 'compare every tag'],
  [
    'verify-remote --repository ghcr.io/owner/qemu-user-static:latest --deep',
    'download and hash every blob of one tag',
  ],
] as const;

type Options = OptionsOf<typeof options>;

/** Builds what the lock gives, and compares a registry with it. */
export const command = define(options, examples, async (given, environment) => {
  const { registry, repository: path, tag, digest } = parseReference(given.repository);
  if (digest !== undefined)
    throw new BuilderError('USAGE', `--repository takes a tag, not a digest: ${given.repository}`);
  const set = await expected(given, environment);
  const wanted = tag === undefined ? set : withTags(set, (name) => name === tag);
  if (wanted.tags.length === 0)
    throw new BuilderError('USAGE', `the lock gives no tag ${tag} in the channels chosen; see --channel`);
  const chosen = await letThrough(wanted, given.gate, environment);
  const client = environment.registry(registry, given).repository(path);
  const name = nameOf({ registry, repository: path });
  const inspection = given.deep ? areGenuine : arePresent;
  const { onEvent } = environment;
  const note = (text: string) => onEvent({ type: 'note', text });
  const rateLimit = new RateLimit(systemClock, (delay) =>
    note(`${registry}: too many requests; going on in ${Math.ceil(delay / 60_000)} min`),
  );
  const { findings, others } = await stage('verify-remote', onEvent, async () => {
    const requests = verifyRequests(chosen, inspection);
    note(formatRequests(name, requests));
    const count = requests.heads + requests.manifests + requests.blobs;
    onEvent({ type: 'expected', unit: 'requests', count });
    return {
      findings: await verifyRemote(chosen, client, inspection, given.connections, rateLimit, () =>
        onEvent({ type: 'answered' }),
      ),
      others: tag === undefined ? await otherTags(set, client, rateLimit) : [],
    };
  });
  const failure = remoteDiffers(name, findings);
  // Tags that the lock does not give are not a failure, because those of earlier releases stay.
  return {
    text: formatFindings(name, findings, others, inspection),
    value: { tags: findings, others },
    ...(failure && { failure }),
  };
});

async function expected(given: Options, environment: Environment): Promise<ImageSet> {
  const { layout: output, compression: compressions, platform } = given;
  await makeLayout(
    await readLock(environment.paths.lock),
    { ...selectionOf(given), output, compressions },
    await buildInputs(environment),
  );
  return imagesIn({ layout: [output], platform, tag: [] }, environment);
}
