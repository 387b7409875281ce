import { resolve } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { printable } from '@qemu-user-static/errors';
import type { GitHub, KeptThread } from '@qemu-user-static/github';
import { formatLock, type Lock, packageChanges, readLock, readSources } from '@qemu-user-static/lock';
import { renderRegisterScript } from '@qemu-user-static/register';
import { type Gate, readGates } from '../images/gate.ts';
import { BuilderError } from '../report/errors.ts';
import { trackArchive } from '../track/archive.ts';
import { trackEarly } from '../track/early.ts';
import { pullRequestBody, pullRequestTitle } from '../track/format-pull-request.ts';
import { formatReport } from '../track/format-report.ts';
import { keepIssue } from '../track/issue.ts';
import { vanishedFrom } from '../track/packages.ts';
import { prove } from '../track/prove.ts';
import { foresee, propose, proposedLock, withdrawProposal } from '../track/pull-request.ts';
import { reportOn, type TrackReport } from '../track/report.ts';
import { markerFor, withDatesOf } from '../track/same-proposal.ts';
import { type UpstreamTags, upstreamTags } from '../track/upstream-tags.ts';
import { command as define, type OptionsOf } from './command.ts';
import { buildInputs, type Environment } from './environment.ts';
import { acceptExpired, archive, verdicts } from './options.ts';

const options = [
  new Option('--pull-request', 'build and check the new lock, then open or update one pull request'),
  new Option('--issue', 'open or update one issue for changes that need a decision'),
  new Option(
    '--github <repository>',
    'GitHub repository (OWNER/REPO) for the pull request and the issue (default: GITHUB_REPOSITORY, or that of package.json)',
  ),
  acceptExpired(),
  ...verdicts('verdict of `npm run conformance -- --gate` under the new lock, for the pull request'),
  new Option('--output <folder>', 'folder in which --pull-request builds the images that would change')
    .default(resolve('dist/track'), 'dist/track')
    .argParser((path) => resolve(path)),
  ...archive(),
] as const;

const examples = [
  ['track', 'print what is new'],
  ['track --pull-request --issue', 'propose it on GitHub; needs GITHUB_TOKEN'],
] as const;

type Options = OptionsOf<typeof options>;

/**
 * Reports what is new, and opens what was asked for. Without --issue, what needs a person is a failure.
 * @throws BuilderError BASE_DIFFERS, BRANCH_FOREIGN, GITHUB_*, and what `update` and `fetch` throw
 */
export const command = define(options, examples, async (given, environment) => {
  const writes = given.pullRequest || given.issue;
  const github = await environment.github(given.github, writes ? 'write' : 'read');
  const before = await readLock(environment.paths.lock);
  const { now, report, tags } = await inspect(before, given, github, environment);

  // First, for a pull request that cannot be made ends the run.
  const issue = given.issue ? await keepIssue(github, report.findings) : null;
  const pullRequest = given.pullRequest
    ? await proposeLock(before, now, report, given, github, environment)
    : null;

  const text = [
    formatReport(report, before, now),
    ...(pullRequest === null ? [] : [`pull request ${describe(pullRequest)}`]),
    ...(issue === null ? [] : [`issue ${describe(issue)}`]),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
  const value = { ...report, pullRequest, issue };
  await tags.remember();
  if (report.findings.length === 0 || given.issue) return { text, value };
  const channels = report.findings.map(({ channel, code }) => `${channel} (${code})`).join(', ');
  return { text, value, failure: new BuilderError('PERSON_NEEDED', channels) };
});

async function inspect(
  before: Lock,
  { acceptExpired }: Options,
  github: GitHub,
  environment: Environment,
): Promise<{ now: Lock; report: TrackReport; tags: UpstreamTags }> {
  const { paths, onEvent } = environment;
  const archive = await environment.archive();
  const sources = await readSources(paths.sources);
  const context = {
    ...archive,
    keys: await environment.keys(),
    now: environment.now(),
    acceptExpired: acceptExpired ?? false,
    template: await environment.template(),
    script: renderRegisterScript(environment.source),
    onEvent,
  };
  const { lock: now, findings } = await trackArchive(sources, before, context);
  const early = await trackEarly(sources, now, context);
  const vanished = await vanishedFrom(archive, packageChanges(before, now));
  const tags = await upstreamTags(github, archive.cache);
  return { now, report: reportOn(before, now, findings, tags, vanished, early), tags };
}

async function proposeLock(
  before: Lock,
  found: Lock,
  report: TrackReport,
  { output, gate }: Options,
  github: GitHub,
  environment: Environment,
): Promise<KeptThread | null> {
  const from = formatLock(before);
  if (formatLock(found) === from) {
    // A channel that needs a person is as it was, which does not mean that the archive is.
    return report.findings.length === 0 ? withdrawProposal(github, from) : null;
  }
  const proposed = await proposedLock(github);
  const recipe = { template: await environment.template(), script: renderRegisterScript(environment.source) };
  const now = proposed === null ? found : withDatesOf(proposed, found, before, recipe);
  const marker = markerFor(now);
  const declined = await foresee(github, { marker, before: from });
  if (declined !== null) return declined;
  const verdict = await verdictsIn(gate ?? [], environment);
  const proofs = await prove(now, report.changes, output, await buildInputs(environment));
  return propose(github, {
    marker,
    title: pullRequestTitle(report, now),
    body: pullRequestBody(report, before, now, proofs, verdict, marker),
    before: from,
    now: formatLock(now),
  });
}

/** The verdicts that can be read: the pull request says of the others that nothing was run. */
async function verdictsIn(files: readonly string[], { onEvent }: Environment): Promise<Gate> {
  const readable: string[] = [];
  for (const file of files) {
    try {
      await readGates([file]);
      readable.push(file);
    } catch (error) {
      if (!(error instanceof BuilderError)) throw error;
      onEvent({ type: 'note', text: `${error.code}: ${error.message}` });
    }
  }
  return readGates(readable);
}

function describe({ action, url }: KeptThread): string {
  const shown = printable(url);
  return action === 'declined'
    ? `was closed by a person, and is not opened again: ${shown}`
    : `${action}: ${shown}`;
}
