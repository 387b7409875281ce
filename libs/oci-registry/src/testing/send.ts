import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './api.ts';
import type { Fault } from './faults.ts';

/** A request's body; with `limit`, only until so many bytes have arrived. `onBytes` hears of each part. */
export async function readBody(
  request: IncomingMessage,
  onBytes: (count: number) => void,
  limit = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    onBytes(chunk.byteLength);
    size += chunk.byteLength;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

/** Writes an answer, with what goes wrong on its way. */
export async function send(
  response: ServerResponse,
  method: string,
  answer: Answer,
  faults: readonly Fault[] = [],
): Promise<void> {
  const has = (kind: Fault['kind']) => faults.find((fault) => fault.kind === kind);
  if (has('lose-answer')) return void response.destroy();
  const headers = { ...answer.headers };
  if (has('wrong-digest-header')) headers['docker-content-digest'] = `sha256:${'0'.repeat(64)}`;
  const body = Buffer.from(answer.body ?? '');
  if (has('corrupt-answer')) body[0] = (body[0] ?? 0) ^ 1;
  const cut = faults.find(
    (fault) => fault.kind === 'cut-answer' || fault.kind === 'drop-answer' || fault.kind === 'stall-answer',
  );
  if (cut?.kind !== 'cut-answer' && answer.status !== 204)
    headers['content-length'] = String(body.byteLength);
  response.writeHead(answer.status, headers);
  if (!cut || method === 'HEAD') return void response.end(method === 'HEAD' ? undefined : body);
  const part = body.subarray(0, cut.kind === 'stall-answer' ? 1 : cut.after);
  if (cut.kind === 'cut-answer') return void response.end(part);
  if (part.byteLength > 0 && !response.write(part)) await once(response, 'drain');
  // The bytes before the break shall arrive: a socket that is ended sends what it has, one destroyed does not.
  if (cut.kind === 'drop-answer') response.socket?.end();
}
