import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Option } from '@commander-js/extra-typings';
import { readLock } from '@qemu-user-static/lock';
import { subjectsOf } from '../attest/attachments.ts';
import { type AttestPlan, applyAttest, attestRefusal, planAttest } from '../attest/attest.ts';
import { formatAttestPlan } from '../attest/format-plan.ts';
import type { BuildFacts } from '../attest/provenance.ts';
import { stage } from '../report/events.ts';
import { command as define } from './command.ts';
import { destinationsOf, nothingSent } from './destinations.ts';
import type { Environment } from './environment.ts';
import { imagesIn, letThrough } from './images.ts';
import { archive, gates, images, registries, repositories } from './options.ts';

const options = [
  ...repositories(),
  ...images(),
  ...gates(),
  new Option(
    '--key <file>',
    'sign with this private key, or env://NAME for a key in a variable (default: the identity of the GitHub workflow)',
  ),
  new Option('--unsigned', 'attach the documents without signatures').conflicts('key'),
  new Option('--push', 'apply the plan; without it nothing is changed'),
  ...registries(),
  ...archive(),
] as const;

const examples = [
  ['attest --repository ghcr.io/owner/qemu-user-static', 'print the plan'],
  ['attest --repository ghcr.io/owner/qemu-user-static --key cosign.key --push', 'sign and attach'],
] as const;

/** The documents that published images lack; --push attaches them. @throws BuilderError as the stages do */
export const command = define(options, examples, async (given, environment) => {
  const { onEvent, paths } = environment;
  const { connections } = given;
  const destinations = destinationsOf(given, environment);
  const set = await letThrough(await imagesIn(given, environment), given.gate, environment);
  const signer = given.unsigned ? null : await environment.signer(given.key);
  const subjects = await subjectsOf(set, await readLock(paths.lock), await buildFacts(environment));

  // All at once: a registry answers as fast whatever another has to do.
  const plan = await stage('plan', onEvent, async (): Promise<AttestPlan> => {
    const targets = await Promise.all(
      destinations.map((destination) => planAttest(subjects, destination, signer, connections)),
    );
    return { schemaVersion: 1, signer: signer?.name ?? null, targets };
  });
  const failure = attestRefusal(plan, { needsSigner: given.push === true && !given.unsigned });
  if (given.push && failure === undefined)
    await stage('attest', onEvent, () =>
      Promise.all(
        destinations.map((destination) => applyAttest(subjects, destination, signer, connections, onEvent)),
      ),
    );
  else onEvent({ type: 'note', text: nothingSent(given) });
  return { text: formatAttestPlan(plan), value: plan, ...(failure && { failure }) };
});

async function buildFacts({ source, paths, template, builder }: Environment): Promise<BuildFacts> {
  const files = {
    'sources.lock.json': hash('sha256', await readFile(paths.lock)),
    'Dockerfile.template': hash('sha256', await template()),
  };
  return { source, files, ...(await builder()) };
}
