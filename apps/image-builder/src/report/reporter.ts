import type { WriteStream } from 'node:tty';
import type { RegistryEvent } from '@qemu-user-static/oci-registry';
import type { BuilderEvent, OnEvent } from './events.ts';
import { megabytes } from './format.ts';

/** Milliseconds between two changes of the status line. */
const REFRESH = 100;

/**
 * Tells events on a stream: lines that stay, and on a terminal one status line below them that is written
 * over. Piped, only the lines come, none faster than a person reads.
 */
export function reporter(stream: NodeJS.WriteStream | WriteStream, now: () => number): OnEvent {
  const expected = new Map<string, number>();
  const received = new Map<string, number>();
  const emulators = new Map<string, number>();
  const toSend = new Map<string, number>();
  const sent = new Map<string, number>();
  let sentInAll = 0;
  let mirror = '';
  let toldMirror = '';
  let checked = 0;
  let ran = 0;
  let assets = 0;
  let lastRefresh = 0;

  const write = (text: string) => stream.write(`${stream.isTTY ? '\r\x1b[K' : ''}${text}\n`);
  // The mirror is told with the first thing that comes of it: a run in which nothing does is silent.
  const line = (text: string) => {
    if (mirror !== toldMirror) write(mirror);
    toldMirror = mirror;
    write(text);
  };
  const status = (text: string) => {
    if (!stream.isTTY || now() - lastRefresh < REFRESH) return;
    lastRefresh = now();
    stream.write(`\r\x1b[K${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
  };
  const sum = (values: Iterable<number>) => Array.from(values).reduce((total, value) => total + value, 0);

  const registryEvent = (registry: string, event: RegistryEvent) => {
    switch (event.type) {
      case 'upload-progress': {
        // Told four times a megabyte: only the difference is added up.
        const blob = `${registry}/${event.repository}@${event.digest}`;
        sentInAll += event.sent - (sent.get(blob) ?? 0);
        sent.set(blob, event.sent);
        return status(`publish: ${megabytes(sentInAll)} of ${megabytes(sum(toSend.values()))}`);
      }
      case 'retry':
        return line(`${registry}: ${event.reason}; again in ${(event.delayMs / 1000).toFixed(1)} s`);
      case 'warning':
        return line(`${registry} warns: ${event.text}`);
      case 'mount':
      case 'request':
        return;
    }
  };

  return (event: BuilderEvent) => {
    switch (event.type) {
      case 'stage':
        return status(`${event.stage} …`);
      case 'stage-done':
        return line(`${event.stage}: done in ${(event.milliseconds / 1000).toFixed(1)} s`);
      case 'mirror':
        mirror = `mirror: ${event.url} (${event.from})`;
        return;
      case 'release-verified':
        return line(
          `${event.channel}: Release of ${event.codename} signed by ${event.signedBy}${event.expired ? ', EXPIRED, accepted on request' : ''}`,
        );
      case 'cache-damaged':
        return line(`cache: ${event.file.path} was damaged, fetching it again`);
      case 'snapshot':
        return line(`${event.file.path} has left the pool, asking the snapshot service`);
      case 'fetch-start':
        expected.set(event.file.path, event.file.size);
        received.set(event.file.path, event.resumedAt);
        return status(`fetch: ${event.file.path}`);
      case 'fetch-progress':
        received.set(event.file.path, event.received);
        return status(`fetch: ${megabytes(sum(received.values()))} of ${megabytes(sum(expected.values()))}`);
      case 'fetch-retry':
        return line(`fetch: ${event.error.message}; again in ${(event.delay / 1000).toFixed(1)} s`);
      case 'fetch-done':
        received.set(event.file.path, event.file.size);
        return line(`fetched ${event.file.path} (${megabytes(event.file.size)})`);
      case 'blob-damaged':
        return line(`layout: ${event.digest} was damaged, making it again`);
      case 'layers-reused':
        return line(`${event.platform}: unchanged, layers of the last build`);
      case 'emulator-done':
        emulators.set(event.platform, (emulators.get(event.platform) ?? 0) + 1);
        return status(
          `build: ${[...emulators].map(([platform, count]) => `${platform} ${count}`).join(', ')}`,
        );
      case 'layers-joined':
        line(`${event.platform}: ${emulators.get(event.platform) ?? 0} emulators`);
        emulators.delete(event.platform);
        return;
      case 'layer-checked':
        checked += 1;
        return status(`check: ${checked} layers read back`);
      case 'emulator-ran':
        ran += 1;
        return status(`check: ${ran} emulators run`);
      case 'sending':
        toSend.set(`${event.registry}/${event.repository}`, event.bytes);
        return;
      case 'registry':
        return registryEvent(event.registry, event.event);
      case 'asset-sent':
        assets += 1;
        return status(`github-release: ${assets} files sent, ${event.name}`);
      case 'note':
        return line(event.text);
      case 'cache-hit':
        return;
    }
  };
}
