import type { Clock, Retries } from '@qemu-user-static/http';
import type { Access, Authorizer } from './authorization.ts';
import type { OnEvent } from './events.ts';
import { refusal } from './failures.ts';
import { readText } from './read.ts';
import type { Scrubber } from './secret.ts';
import type { Incoming, Outgoing, Transport } from './transport.ts';

/** One request to the API. */
export interface Call extends Outgoing {
  readonly access: Access;
  /** The statuses that are answers. Any other is thrown as a RegistryError. */
  readonly expect: readonly number[];
}

/** The API of one registry: requests that are authorized, and whose failures are errors. */
export interface Http {
  readonly retries: Retries;
  readonly onEvent: OnEvent;
  /** An address below the registry's `/v2/`. */
  address(path: string, query?: Readonly<Record<string, string>>): Promise<URL>;
  /** One attempt; a refused or expired token is replaced once. The caller reads or discards the answer. */
  once(call: Call): Promise<Incoming>;
  /** As many attempts as the policy allows, each with the reading of the answer. For what may be sent twice. */
  retried<T>(call: Call, read: (answer: Incoming) => Promise<T>): Promise<T>;
}

/** Content-Length of a whole answer, in bytes; `undefined` where it is missing or not a number. */
export function lengthOf(answer: Incoming): number | undefined {
  const length = answer.header('content-length') ?? '';
  return answer.status === 200 && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

const MAX_ERROR_BODY = 64 << 10;

export function createHttp(
  transport: Transport,
  authorizer: Authorizer,
  retries: Retries,
  scrubber: Scrubber,
  clock: Clock,
  onEvent: OnEvent,
): Http {
  async function authorized(call: Call): Promise<Incoming> {
    // An upload may be at another host. It carries its permission in its address, and gets none of ours.
    if (call.url.origin !== (await transport.origin())) return transport.exchange(call);
    const send = (authorization: string | undefined) =>
      transport.exchange({ ...call, headers: { ...call.headers, ...(authorization && { authorization }) } });
    const first = await authorizer.before(call.access);
    const answer = await send(first);
    if (answer.status !== 401) return answer;
    // Another host's demands are not the registry's.
    if (answer.strayed) return answer;
    const second = await authorizer.after(call.access, answer.header('www-authenticate'), first);
    if (second === undefined) return answer;
    await answer.discard();
    return send(second);
  }

  async function once(call: Call): Promise<Incoming> {
    const answer = await authorized(call);
    if (call.expect.includes(answer.status)) return answer;
    const body = await readText(answer, MAX_ERROR_BODY, call).catch(() => '');
    throw refusal(call, answer.status, answer.header('retry-after'), body, scrubber, clock.now());
  }

  return {
    retries,
    onEvent,
    once,
    address: async (path, query = {}) => {
      const url = new URL(`/v2/${path}`, await transport.origin());
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return url;
    },
    retried: (call, read) => retries.run(async () => read(await once(call))),
  };
}
