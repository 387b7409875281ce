import type { Clock } from '@qemu-user-static/http';
import { onTestFinished } from 'vitest';
import type { RegistryEvent } from '../events.ts';
import { openRegistry, type RegistrySettings } from '../registry.ts';
import type { BlobSource } from '../upload-source.ts';
import { type RegistryServerSettings, startRegistryServer } from './registry-server.ts';
import { sha256 } from './store.ts';

/** A clock that stands still until someone sleeps, which takes no time. */
interface FakeClock extends Clock {
  /** How long each sleep would have been, in milliseconds. */
  readonly sleeps: number[];
  pass(ms: number): void;
}

function fakeClock(): FakeClock {
  let now = Date.parse('2026-11-23T12:00:00Z');
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    random: () => 0.5,
    pass: (ms) => {
      now += ms;
    },
    sleep: async (ms) => {
      sleeps.push(ms);
      now += ms;
    },
  };
}

/** A registry server and a client of it, both ended with the test. */
export async function start(server: RegistryServerSettings = {}, client: RegistrySettings = {}) {
  const running = await startRegistryServer(server);
  onTestFinished(() => running.close());
  return { server: running, ...connect(running.name, client) };
}

/** A client of a registry that is already there. */
export function connect(name: string, client: RegistrySettings = {}) {
  const events: RegistryEvent[] = [];
  const clock = fakeClock();
  const registry = openRegistry(name, { clock, onEvent: (event) => events.push(event), ...client });
  onTestFinished(() => registry.close());
  return { registry, repository: registry.repository('owner/name'), events, clock };
}

/** Bytes that repeat nowhere soon, so that a piece in the wrong place is noticed. */
export function someBytes(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0, state = seed; at < size; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

/** A blob in memory as a source, in pieces of `piece` bytes; `opened` are the offsets it was read from. */
export function sourceOf(bytes: Buffer, piece = 64 << 10): BlobSource & { readonly opened: number[] } {
  const opened: number[] = [];
  return {
    digest: sha256(bytes),
    size: bytes.byteLength,
    opened,
    open: async function* (offset) {
      opened.push(offset);
      for (let at = offset; at < bytes.byteLength; at += piece) yield bytes.subarray(at, at + piece);
    },
  };
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
