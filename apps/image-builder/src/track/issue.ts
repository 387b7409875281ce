import type { GitHub } from '../github/client.ts';
import { declinedIn, type KeptThread, keepOne, type WantedThread } from '../github/keep-one.ts';
import type { Finding } from './archive.ts';

/** By it the issue is found again. */
const LABEL = 'track';

/** The one issue about what needs a person. */
export function issueOn(findings: readonly Finding[]): WantedThread {
  const matter = findings.map(({ channel, code }) => `${channel} ${code}`).join(', ');
  const marker = `<!-- image-builder track: ${matter} -->`;
  const channels = [...new Set(findings.map(({ channel }) => channel))].join(', ');
  const body = [
    marker,
    '`image-builder track` cannot follow Debian without a decision. These channels stay as they are:',
    '',
    ...findings.flatMap(({ channel, code, message, remedy }) => [
      `- **${channel}**: \`${code}\`: ${message}`,
      `  ${remedy}`,
    ]),
    '',
    'This text is kept up to date as long as the issue is open. Once it is closed, the same matter is not filed again.',
    '',
  ].join('\n');
  return { title: `track: ${channels} needs a person`, body, marker };
}

/** Files it, or brings the open one up to date. @throws GitHubError */
export async function fileIssue(github: GitHub, wanted: WantedThread): Promise<KeptThread> {
  const { api, repository } = github;
  const list = async () => {
    const parameters = { ...repository, labels: LABEL, state: 'all', per_page: 100 } as const;
    const all = await api.paginate(api.rest.issues.listForRepo, parameters);
    return all.filter(({ pull_request }) => pull_request === undefined);
  };
  const declined = declinedIn(await list(), wanted);
  if (declined !== null) return declined;
  const { title, body } = wanted;
  return keepOne(github, wanted, list, async () => {
    const { data } = await api.rest.issues.create({ ...repository, title, body, labels: [LABEL] });
    return data;
  });
}
