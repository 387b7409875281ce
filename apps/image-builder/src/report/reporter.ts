import type { WriteStream } from 'node:tty';
import { causesOf, printable, printableLines } from '@qemu-user-static/errors';
import type { RegistryEvent } from '@qemu-user-static/oci-registry';
import type { BuilderEvent, OnEvent, Unit } from './events.ts';
import { megabytes } from './format.ts';
import { Count, Totals } from './totals.ts';

/** Milliseconds between two changes of the status line. */
const REFRESH = 100;
/** Milliseconds between two lines of status without a terminal, such as in the log of a job. */
const PIPED_REFRESH = 10_000;

/**
 * Reports events on a stream: lines, and on a terminal one status line below them that is written over. If the stream
 * is not a terminal the status is a line every ten seconds.
 */
export function reporter(
  stream: NodeJS.WriteStream | WriteStream,
  now: () => number,
  level: Level = 'normal',
): OnEvent {
  const printer = new Reporter(new Terminal(stream, now));
  return (event) => {
    if (level === 'quiet' && !isWarning(event)) return;
    printer.report(event);
    const detail = level === 'verbose' ? detailOf(event) : null;
    if (detail !== null) printer.line(detail);
  };
}

/** How much is printed: warnings alone, or progress too, or every request too. */
export type Level = 'quiet' | 'normal' | 'verbose';

function isWarning(event: BuilderEvent): boolean {
  return (
    event.type === 'note' ||
    (event.type === 'registry' && ['warning', 'names-ignored'].includes(event.event.type))
  );
}

/** The lines of --verbose. */
function detailOf(event: BuilderEvent): string | null {
  if (event.type === 'cache-hit') return `cache: ${event.file.path}`;
  if (event.type === 'fetch-start') return `fetch: ${event.url}`;
  if (event.type !== 'registry' || event.event.type !== 'request') return null;
  const { method, address, status } = event.event;
  return `${method} ${address}: ${status}`;
}

/** Lines, and a status line that the next line or status replaces. Both quote what came from outside. */
class Terminal {
  readonly #stream: NodeJS.WriteStream | WriteStream;
  readonly #now: () => number;
  #lastRefresh: number;

  constructor(stream: NodeJS.WriteStream | WriteStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
    this.#lastRefresh = stream.isTTY ? 0 : now();
  }

  line(text: string): void {
    this.#stream.write(`${this.#stream.isTTY ? '\r\x1b[K' : ''}${printableLines(text)}\n`);
  }

  status(text: string): void {
    const [now, { isTTY }] = [this.#now(), this.#stream];
    if (now - this.#lastRefresh < (isTTY ? REFRESH : PIPED_REFRESH)) return;
    this.#lastRefresh = now;
    if (isTTY)
      this.#stream.write(
        `\r\x1b[K${printable(text).slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1))}`,
      );
    else this.line(text);
  }
}

class Reporter {
  readonly #terminal: Terminal;
  readonly #fetched = new Totals();
  readonly #sent = new Totals();
  /** Emulators done, by platform. */
  readonly #emulators = new Map<string, number>();
  readonly #counts: Readonly<Record<Unit, Count>> = {
    platforms: new Count('platforms'),
    layers: new Count('layers'),
    emulators: new Count('emulators'),
    requests: new Count('requests'),
    images: new Count('images'),
    files: new Count('files'),
  };
  /** The mirror in use. It is printed before the next line: a run without lines is silent. */
  #mirror = '';
  #printedMirror = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  report(event: BuilderEvent): void {
    const line = this.#lineFor(event);
    if (line !== null) this.line(line);
    const status = this.#statusFor(event);
    if (status !== null) this.#terminal.status(status);
  }

  line(text: string): void {
    if (this.#mirror !== this.#printedMirror) this.#terminal.line(this.#mirror);
    this.#printedMirror = this.#mirror;
    this.#terminal.line(text);
  }

  /** The line of an event, if it has one. */
  #lineFor(event: BuilderEvent): string | null {
    switch (event.type) {
      case 'stage-done':
        return `${event.stage}: done in ${seconds(event.milliseconds)}`;
      case 'release-verified':
        return `${event.channel}: Release of ${event.codename} signed by ${event.signedBy}${event.expired ? ', EXPIRED, accepted on request' : ''}`;
      case 'cache-damaged':
        return `cache: ${event.file.path} was damaged, downloading it again`;
      case 'snapshot':
        return `${event.file.path} has left the pool, asking the snapshot service`;
      case 'fetch-retry':
        return `fetch: ${reasonOf(event.error)}; retrying in ${seconds(event.delay)}`;
      case 'fetch-done':
        return `fetched ${event.file.path} (${megabytes(event.file.size)})`;
      case 'blob-damaged':
        return `layout: ${event.digest} was damaged, making it again`;
      case 'layers-reused':
        return `${event.platform}: unchanged, layers of the last build (${this.#done('platforms')})`;
      case 'layers-joined':
        return this.#joinedLine(event.platform);
      case 'registry':
        return registryLine(event.registry, event.event);
      case 'note':
        return event.text;
      default:
        return null;
    }
  }

  /** The status of an event, if it has one. */
  #statusFor(event: BuilderEvent): string | null {
    switch (event.type) {
      case 'stage':
        return `${event.stage} …`;
      case 'mirror':
        this.#mirror = `mirror: ${event.url} (${event.from})`;
        return null;
      case 'fetch-start':
        this.#fetched.expect(event.file.path, event.file.size);
        this.#fetched.reach(event.file.path, event.resumedAt);
        return `fetch: ${event.file.path}`;
      case 'fetch-progress':
        this.#fetched.reach(event.file.path, event.received);
        return `fetch: ${this.#fetched}`;
      case 'fetch-done':
        this.#fetched.reach(event.file.path, event.file.size);
        return null;
      case 'emulator-done':
        this.#emulators.set(event.platform, (this.#emulators.get(event.platform) ?? 0) + 1);
        return `build: ${this.#counts.platforms}; emulators: ${[...this.#emulators].map(([platform, count]) => `${platform} ${count}`).join(', ')}`;
      case 'expected':
        this.#counts[event.unit].expect(event.count, event.bytes);
        return null;
      case 'layer-checked':
        return `check: read back ${this.#done('layers', event.size)}`;
      case 'emulator-ran':
        return `check: ran ${this.#done('emulators')}`;
      case 'answered':
        return `verify-remote: ${this.#done('requests')}`;
      case 'image-attested':
        return `attest: ${this.#done('images')}`;
      case 'sending':
        this.#sent.expect(`${event.registry}/${event.repository}`, event.bytes);
        return null;
      case 'registry':
        if (event.event.type !== 'upload-progress') return null;
        this.#sent.reach(
          `${event.registry}/${event.event.repository}@${event.event.digest}`,
          event.event.sent,
        );
        return `publish: ${this.#sent}`;
      case 'asset-sent':
        return `github-release: sent ${this.#done('files', event.size)}, ${event.name}`;
      default:
        return null;
    }
  }

  #done(unit: Unit, bytes?: number): Count {
    this.#counts[unit].done(bytes);
    return this.#counts[unit];
  }

  /** Null where layers are joined again from emulators that had a line before. */
  #joinedLine(platform: string): string | null {
    const count = this.#emulators.get(platform);
    if (count === undefined) return null;
    this.#emulators.delete(platform);
    return `${platform}: ${count === 1 ? '1 emulator' : `${count} emulators`} (${this.#done('platforms')})`;
  }
}

function registryLine(registry: string, event: RegistryEvent): string | null {
  if (event.type === 'retry')
    return `${registry}: ${event.reason}; retrying in ${seconds(event.delayMs)} (attempt ${event.attempt})`;
  if (event.type === 'names-ignored')
    return `${registry}/${event.repository} lists names that are not tags; ${event.count} ignored`;
  if (event.type === 'warning') return `${registry} warns: ${event.text}`;
  return null;
}

/** An error's message with what its causes add. */
function reasonOf(error: Error): string {
  return [error.message, ...causesOf(error)].join(': ');
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
