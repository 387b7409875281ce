import type { IncomingMessage } from 'node:http';
import type { Repository } from './store.ts';

/** An answer of the API; a list is cut into pages by the server. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly list?: readonly unknown[];
  readonly file?: string;
}

/** One request. */
export interface Call {
  readonly repository: Repository;
  /** Of the server, without a slash at its end. */
  readonly base: string;
  /** `owner/repo`. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  /** Where assets are kept. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type Handler = (call: Call, parts: readonly string[], body: never) => Answer | Promise<Answer>;

/** By method and path below `/repos/OWNER/REPO`; groups of the path are handed on. https://docs.github.com/rest */
export type Route = readonly [method: string, path: RegExp, handler: Handler];

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const notFound: Answer = { status: 404, body: { message: 'Not Found' } };
export const invalid = (message: string, code = 'invalid'): Answer => ({
  status: 422,
  body: { message: 'Validation Failed', errors: [{ code, message }] },
});
