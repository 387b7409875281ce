import { GUEST_NAMES, guest, HOST_PLATFORMS } from '@qemu-user-static/arch-table';
import { guestVersions, type Lock } from '@qemu-user-static/lock';
import { channelNames } from './hosts-table.ts';

/** docs/hosts.md: host × guest × version, as the lock gives them. */
export function renderHosts(lock: Lock): string {
  return `${[
    '# Hosts and guests',
    '',
    'A host is the machine that runs an image, a guest the CPU that it emulates. The tables list the QEMU version of each guest.',
    'The first column has QEMU’s name of the guest, which is also the name of its image (`aarch64`, `x86_64-aarch64`); the second',
    'the platforms of containers that it runs.',
    '',
    'Where a host’s own package lacks a guest, the tags of a channel (`latest`, `aarch64`, `armv7l-aarch64`) have it from an older',
    'Debian release. A tag with a version has only the guests of that version: `10.2.2` has the guests with 10.2.2 below.',
    '',
    'This page is generated from `sources.lock.json` by `npm run docs`; a test keeps it true.',
    '',
    ...channelNames(lock).flatMap((channel) => [`## ${channel}`, '', ...tableOf(lock, channel), '']),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

function tableOf(lock: Lock, channel: string): string[] {
  const hosts = HOST_PLATFORMS.filter((host) => lock.channels[channel]?.platforms[host] !== undefined);
  const versions = hosts.map((host) => guestVersions(lock, channel, host));
  const rows = GUEST_NAMES.filter((name) => versions.some((of) => of.has(name))).map((name) => [
    `\`${name}\``,
    guest(name)
      .platforms.map((platform) => `\`${platform}\``)
      .join(', '),
    ...versions.map((of) => of.get(name) ?? '–'),
  ]);
  return [
    ['guest', 'runs containers of', ...hosts.map((host) => `\`${host}\``)],
    ['---', '---', ...hosts.map(() => '---')],
    ...rows,
  ].map((cells) => `| ${cells.join(' | ')} |`);
}
