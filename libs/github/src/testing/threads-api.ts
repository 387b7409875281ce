import { type Call, created, invalid, notFound, ok, type Route } from './route.ts';
import type { Repository, Thread } from './store.ts';

/** Pull requests and issues. https://docs.github.com/rest/pulls https://docs.github.com/rest/issues */
export const THREADS: readonly Route[] = [
  ['GET', /^\/pulls$/, (call) => ({ status: 200, list: threads(call, true) })],
  [
    'POST',
    /^\/pulls$/,
    (call, _, body: { title: string; body: string; head: string; base: string }) => {
      const { repository } = call;
      if (!repository.refs.has(`heads/${body.head}`)) return invalid('head does not exist');
      const isOpen = ({ state, head, base }: Thread) =>
        state === 'open' && head === body.head && base === body.base;
      if (repository.threads.some(isOpen)) return invalid(`A pull request already exists for ${body.head}.`);
      return created(threadAnswer(call, open(repository, { ...body, labels: [] })));
    },
  ],
  ['GET', /^\/issues$/, (call) => ({ status: 200, list: threads(call, false) })],
  [
    'POST',
    /^\/issues$/,
    (call, _, body: { title: string; body: string; labels?: string[] }) =>
      created(threadAnswer(call, open(call.repository, { ...body, labels: body.labels ?? [] }))),
  ],
  [
    'PATCH',
    /^\/issues\/(\d+)$/,
    (call, [number], { state_reason, ...change }: Partial<Thread> & { state_reason?: string }) => {
      const thread = call.repository.threads.find((one) => one.number === Number(number));
      if (thread === undefined) return notFound;
      if (change.state !== undefined)
        thread.stateReason = change.state === 'closed' ? (state_reason ?? 'completed') : null;
      return ok(threadAnswer(call, Object.assign(thread, change)));
    },
  ],
];

function open(repository: Repository, thread: Pick<Thread, 'title' | 'body' | 'labels'>): Thread {
  const opened: Thread = { ...thread, number: repository.id(), state: 'open', mergedAt: null };
  repository.threads.push(opened);
  return opened;
}

function threads(call: Call, pulls: boolean) {
  const { repository, query, name } = call;
  const wants = query.get('state') ?? 'open';
  const [owner] = name.split('/');
  return repository.threads
    .filter(({ state }) => wants === 'all' || state === wants)
    .filter(({ head }) => !pulls || head !== undefined)
    .filter(({ head }) => !query.has('head') || query.get('head') === `${owner}:${head}`)
    .filter(({ base }) => !query.has('base') || query.get('base') === base)
    .filter(({ labels }) => !query.has('labels') || labels.includes(query.get('labels') ?? ''))
    .reverse()
    .map((thread) => threadAnswer(call, thread));
}

function threadAnswer({ base, name }: Call, { mergedAt, stateReason = null, labels, ...thread }: Thread) {
  const kind = thread.head === undefined ? 'issues' : 'pull';
  const isPull = thread.head !== undefined;
  return {
    ...thread,
    html_url: `${base}/${name}/${kind}/${thread.number}`,
    labels: labels.map((label) => ({ name: label })),
    ...(isPull ? { merged_at: mergedAt, pull_request: {} } : { state_reason: stateReason }),
  };
}
