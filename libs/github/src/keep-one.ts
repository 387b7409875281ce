import type { GitHub } from './client.ts';

/** A pull request or an issue; GitHub counts both as issues. */
export interface Thread {
  readonly number: number;
  readonly state: string;
  readonly title: string;
  readonly body?: string | null | undefined;
  readonly html_url: string;
}

export interface WantedThread {
  readonly title: string;
  readonly body: string;
}

export interface KeptThread {
  readonly number: number;
  readonly url: string;
  readonly action: 'opened' | 'updated' | 'unchanged' | 'closed' | 'declined';
}

const MARK = '<!-- image-builder track: ';

/** A line that a reader does not see, the same as long as the matter is. Our texts begin with one. */
export function markerOf(matter: string): string {
  return `${MARK}${matter} -->`;
}

/** Whether we wrote a thread, and it is still about something. */
export function isOurThread({ body }: Pick<Thread, 'body'>): boolean {
  return body?.startsWith(MARK) === true;
}

/** GitHub's own editor ends lines in another way, and a text without a newline. */
export function isSameText(there: string | null | undefined, wanted: string): boolean {
  return (there ?? '').replaceAll('\r\n', '\n').trimEnd() === wanted.trimEnd();
}

/**
 * Sees to it that there is one open thread, and that it says what is wanted.
 * @param list the threads of the kind that are open, and perhaps closed ones
 */
export async function keepOne(
  github: GitHub,
  wanted: WantedThread,
  list: () => Promise<readonly Thread[]>,
  open: () => Promise<Thread>,
): Promise<KeptThread> {
  let opened = false;
  const thread = await github.ensure(
    async () => (await list()).find(({ state }) => state === 'open'),
    () => {
      opened = true;
      return open();
    },
  );
  const { title, body } = wanted;
  const isSame = thread.title === title && isSameText(thread.body, body);
  if (!isSame) {
    await github.api.rest.issues.update({
      ...github.repository,
      issue_number: thread.number,
      title,
      body,
    });
  }
  const action = opened ? 'opened' : isSame ? 'unchanged' : 'updated';
  return { number: thread.number, url: thread.html_url, action };
}

/**
 * Closes a thread that has become idle. It loses its markers: that we closed it is not a decision of a person, and its matter
 * may come back.
 */
export async function withdraw(github: GitHub, thread: Thread, why: string): Promise<KeptThread> {
  const { number, html_url: url, body } = thread;
  const rest = (body ?? '').replace(/^<!-- .* -->\r?\n/gm, '');
  await github.api.rest.issues.update({
    ...github.repository,
    issue_number: number,
    state: 'closed',
    body: `Closed by \`image-builder track\`: ${why}.\n\n${rest}`,
  });
  return { number, url, action: 'closed' };
}
