import { json } from 'node:stream/consumers';
import { GIT } from './git-api.ts';
import { RELEASES } from './releases-api.ts';
import { type Answer, type Call, notFound } from './route.ts';
import { THREADS } from './threads-api.ts';

const ROUTES = [...GIT, ...THREADS, ...RELEASES];

/** The API's answer to a request for a path below `/repos/OWNER/REPO`. */
export async function answer(call: Call, path: string): Promise<Answer> {
  for (const [method, pattern, handler] of ROUTES) {
    const match = call.request.method === method ? pattern.exec(path) : null;
    if (match === null) continue;
    const hasBody = call.request.headers['content-type']?.startsWith('application/json') === true;
    const body = hasBody ? await json(call.request) : {};
    return handler(call, match.slice(1).map(decodeURIComponent), body as never);
  }
  return notFound;
}
