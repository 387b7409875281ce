import type { IncomingMessage } from 'node:http';

/** A fault of a request. */
export type Fault =
  /** Answers so instead of doing what was asked. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** Takes so many bytes of the request's body, keeps them, and drops the connection. */
  | { readonly kind: 'drop-request'; readonly after: number }
  /** Takes so many bytes of the request's body, keeps them, and reads no more. */
  | { readonly kind: 'stall-request'; readonly after: number }
  /** Does what was asked, and drops the connection after so many bytes of the answer's body. */
  | { readonly kind: 'drop-answer'; readonly after: number }
  /** Does what was asked, and drops the connection before a word of the answer. */
  | { readonly kind: 'lose-answer' }
  /** Ends the answer's body properly, but too early, and does not say how long it should have been. */
  | { readonly kind: 'cut-answer'; readonly after: number }
  /** Changes the first byte of the answer's body. */
  | { readonly kind: 'corrupt-answer' }
  | { readonly kind: 'wrong-digest-header' }
  /** Waits before it answers. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Begins to answer, then says nothing more. */
  | { readonly kind: 'stall-answer' }
  /** Forgets all uploads that are under way, then goes on. */
  | { readonly kind: 'forget-uploads' }
  /** Forgets all tokens it has given, then goes on. */
  | { readonly kind: 'expire-tokens' };

/** A fault and the requests it happens to. */
export interface Injection {
  readonly method?: string;
  readonly path?: RegExp;
  /** Lets so many of them pass first. Default 0. */
  readonly skip?: number;
  /** Happens so often. Default 1. */
  readonly times?: number;
  readonly fault: Fault;
}

export interface Faults {
  inject(injection: Injection): void;
  /** Nothing more goes wrong. */
  heal(): void;
  /** How often each kind of fault has happened. */
  readonly counts: Readonly<Record<string, number>>;
  /** The faults that happen to this request. */
  take(request: IncomingMessage): Fault[];
}

export function createFaults(): Faults {
  let waiting: { injection: Injection; skip: number; times: number }[] = [];
  const counts: Record<string, number> = {};
  return {
    counts,
    inject: (injection) => {
      waiting.push({ injection, skip: injection.skip ?? 0, times: injection.times ?? 1 });
    },
    heal: () => {
      waiting = [];
    },
    take: (request) => {
      const hit = waiting.filter((entry) => {
        const { method, path } = entry.injection;
        const matches =
          (method ?? request.method) === request.method && (path?.test(request.url ?? '') ?? true);
        return matches && entry.times > 0 && entry.skip-- <= 0;
      });
      for (const entry of hit) {
        entry.times--;
        counts[entry.injection.fault.kind] = (counts[entry.injection.fault.kind] ?? 0) + 1;
      }
      return hit.map((entry) => entry.injection.fault);
    },
  };
}
