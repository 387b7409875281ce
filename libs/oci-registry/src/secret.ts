import { inspect } from 'node:util';

const HIDDEN = '***';

/** A password or token. Only `reveal()` gives it; printing, JSON and inspection give `***`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}

// The only parameters a registry's address needs to be understood by. Everything else, `_state`, `token`,
// `X-Amz-Signature` and what the next storage service invents, is hidden.
const HARMLESS = new Set(['digest', 'mount', 'from', 'n', 'last', 'artifactType', 'service', 'scope']);

/** Text from outside as it may be printed: on one line, without characters that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ');
}

/** An address as it may be shown: no userinfo, no fragment, no value of a query parameter not known to be harmless. */
export function shownAddress(url: URL): string {
  const query = [...url.searchParams]
    .map(([name, value]) => `${printable(name)}=${HARMLESS.has(name) ? printable(value) : HIDDEN}`)
    .join('&');
  return `${url.protocol}//${url.host}${url.pathname}${query === '' ? '' : `?${query}`}`;
}

/** Remembers every secret that was sent somewhere, to take it out of what comes back. */
export interface Scrubber {
  learn(secret: string): void;
  scrub(text: string): string;
}

export function createScrubber(): Scrubber {
  const known = new Set<string>();
  return {
    learn: (secret) => {
      if (secret !== '') known.add(secret);
    },
    // Longest first, so that a secret inside another leaves no rest.
    scrub: (text) =>
      [...known]
        .sort((a, b) => b.length - a.length)
        .reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text),
  };
}
