import { hash } from 'node:crypto';
import {
  type GitHub,
  isOurThread,
  type KeptThread,
  keepOne,
  listAll,
  markerOf,
  withdraw,
} from '@qemu-user-static/github';
import type { Finding } from './archive.ts';

/** By it our issues are found; a person may give it to others. */
const LABEL = 'track';

/**
 * Sees to it that one issue says what needs a person, and that none is open where nothing does. A person declines a
 * finding by closing its issue as not planned: that very finding is not filed again, but every other is.
 *
 * @returns null where there is nothing to file, and nothing was open
 * @throws GitHubError
 */
export async function keepIssue(github: GitHub, findings: readonly Finding[]): Promise<KeptThread | null> {
  const list = async (state: 'open' | 'all') => {
    const { api, repository } = github;
    const all = await listAll(api.rest.issues.listForRepo, { ...repository, labels: LABEL, state });
    return all.filter((thread) => thread.pull_request === undefined && isOurThread(thread));
  };
  // Where nothing is found, closed issues are of no interest, and there may be many.
  const threads = await list(findings.length > 0 ? 'all' : 'open');
  const declining = (finding: Finding) =>
    threads.find(
      ({ state, state_reason, body }) =>
        state === 'closed' && state_reason === 'not_planned' && body?.includes(markerFor(finding)),
    );
  const standing = findings.filter((finding) => declining(finding) === undefined);
  if (standing.length > 0) {
    const wanted = issueOn(standing);
    return keepOne(
      github,
      wanted,
      () => list('open'),
      async () =>
        (await github.api.rest.issues.create({ ...github.repository, ...wanted, labels: [LABEL] })).data,
    );
  }
  const open = threads.find(({ state }) => state === 'open');
  if (open !== undefined) return withdraw(github, open, 'nothing in it is true any longer');
  const [declined] = findings.flatMap((finding) => declining(finding) ?? []);
  return declined === undefined
    ? null
    : { number: declined.number, url: declined.html_url, action: 'declined' };
}

/** The message distinguishes findings of one kind: it names a Valid-Until, or a platform. */
function markerFor({ channel, code, message }: Finding): string {
  return markerOf(`${channel} ${code} ${hash('sha256', message).slice(0, 16)}`);
}

function issueOn(findings: readonly Finding[]): { title: string; body: string } {
  const channels = [...new Set(findings.map(({ channel }) => channel))].join(', ');
  const body = [
    ...findings.map(markerFor),
    '`image-builder track` cannot follow Debian without a decision. These channels stay as they are:',
    '',
    ...findings.flatMap(({ channel, code, message, remedy }) => [
      `- **${channel}**: \`${code}\`: ${message}`,
      `  ${remedy}`,
    ]),
    '',
    'This text is kept up to date while the issue is open, and the issue is closed when nothing in it is true any longer. If you close it as *not planned*, the same findings are not filed again; as *completed*, they are filed again if they are still true.',
    '',
  ].join('\n');
  return { title: `track: ${channels} needs a person`, body };
}
