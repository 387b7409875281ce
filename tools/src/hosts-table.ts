import { GUEST_NAMES, guest, HOST_PLATFORMS, type HostPlatform } from '@qemu-user-static/arch-table';
import { type Lock, platformsOf } from '@qemu-user-static/lock';

const BEGIN = '<!-- hosts: npm run docs writes this from sources.lock.json -->\n';
const END = '<!-- /hosts -->';

/** README.md with its table of hosts as the lock gives it. @throws Error where the page has no place for it */
export function withHosts(page: string, lock: Lock): string {
  const [before, rest, ...others] = page.split(BEGIN);
  const end = rest?.indexOf(END) ?? -1;
  if (before === undefined || rest === undefined || others.length > 0 || end < 0)
    throw new Error(`README.md has no place for the table of hosts: ${BEGIN.trim()} … ${END}`);
  return `${before}${BEGIN}${hostsTable(lock)}${rest.slice(end)}`;
}

/** The channels, the newest first. */
export function channelNames({ channels }: Lock): string[] {
  const order = ['latest', 'stable', 'oldstable'];
  return Object.keys(channels).sort((a, b) => order.indexOf(a) - order.indexOf(b));
}

/** Which QEMU each host has in each channel, and which guests there are. */
function hostsTable(lock: Lock): string {
  const { channels } = lock;
  const names = channelNames(lock);
  const versions = names.map(
    (name) =>
      new Map(
        platformsOf(channels[name] as Lock['channels'][string]).map(([host, { version }]) => [host, version]),
      ),
  );
  const row = (host: HostPlatform) => [`\`${host}\``, ...versions.map((of) => of.get(host) ?? '–')];
  const lines = [
    ['host', ...names.map((name) => `QEMU in \`${name}\``)],
    ['---', ...names.map(() => '---')],
    ...HOST_PLATFORMS.filter((host) => versions.some((of) => of.has(host))).map(row),
  ].map((cells) => `| ${cells.join(' | ')} |`);
  const platforms = GUEST_NAMES.flatMap((name) => guest(name).platforms.map((platform) => `\`${platform}\``));
  const others = GUEST_NAMES.filter((name) => guest(name).platforms.length === 0).map(
    (name) => `\`${name}\``,
  );
  return [
    ...lines,
    '',
    `Platforms of containers: ${platforms.join(', ')}. Programs of these CPUs run too: ${others.join(', ')}.`,
    '',
  ].join('\n');
}
