import { CodedError, type ErrorCatalogue, RESOURCES_EXHAUSTED } from '@qemu-user-static/errors';

const MIRROR = 'export DEBIAN_MIRROR=http://ftp.debian.org/debian';
const OTHER_MIRROR = `choose another mirror: ${MIRROR}`;
const OTHER_CACHE = 'choose another folder: --cache "$HOME/qemu-cache"';
const CLEAR_CACHE = 'delete the cache: rm -r "$HOME/.cache/qemu-user-static"';

export const ARCHIVE_ERRORS = {
  RELEASE_NOT_FOUND: {
    meaning: 'The mirror has no InRelease file for this suite.',
    remedy: `Check the codename in sources.json, or ${OTHER_MIRROR}`,
  },
  RELEASE_NOT_SIGNED: {
    meaning: 'The InRelease file has no OpenPGP signature, or is not a clear-signed message.',
    remedy: `A login page or a proxy may have answered instead of the archive. Choose another mirror: ${MIRROR}`,
  },
  RELEASE_UNSIGNED_TEXT: {
    meaning: 'The InRelease file has text outside its signed part.',
    remedy: `The mirror, or something on the way to it, changes files. Choose another mirror: ${MIRROR}`,
  },
  RELEASE_SIGNATURE_BAD: {
    meaning:
      'A signature of the InRelease file does not fit its text or has expired, or there are more than 16.',
    remedy: `The mirror, or something on the way to it, changes files. Choose another mirror: ${MIRROR}`,
  },
  RELEASE_KEY_UNKNOWN: {
    meaning: 'The InRelease file is signed, but not by any archive key that this program trusts.',
    remedy: `If Debian has a new key, add it as libs/debian-archive/keys/README.md describes; otherwise ${OTHER_MIRROR}`,
  },
  RELEASE_EXPIRED: {
    meaning: 'The Release is past its Valid-Until: the mirror is stale, or someone replays old files.',
    remedy: `Choose another mirror, ${MIRROR}, or accept the expired Release (the lock records it): npm run update -- --accept-expired`,
  },
  RELEASE_FROM_FUTURE: {
    meaning: "The Release has a later date than this machine's clock.",
    remedy: 'Set the clock of this machine: sudo timedatectl set-ntp true',
  },
  RELEASE_ORIGIN_MISMATCH: {
    meaning: "The Release is not one of Debian's own archive.",
    remedy: `Use Debian's main archive: ${MIRROR}`,
  },
  RELEASE_SUITE_MISMATCH: {
    meaning: 'The Release is of a suite other than the requested one.',
    remedy:
      'A new Debian release may have moved the suite names. Correct the suite in sources.json, then run npm run update',
  },
  RELEASE_CODENAME_MISMATCH: {
    meaning: 'The Release has a codename other than the requested one.',
    remedy: `Correct the codename in sources.json, or ${OTHER_MIRROR}`,
  },
  RELEASE_MALFORMED: {
    meaning: 'The signed text of the InRelease file lacks a field, or a field has a wrong form.',
    remedy: `Try again later, or ${OTHER_MIRROR}`,
  },
  ARCHIVE_KEY_MALFORMED: {
    meaning: 'A file in libs/debian-archive/keys is missing, or is not the OpenPGP public key listed for it.',
    remedy: 'Restore the keys: git checkout -- libs/debian-archive/keys',
  },
  CONTROL_MALFORMED: {
    meaning: "A text in Debian's control format has a line without a field, or a repeated field.",
    remedy: `Try again later, or ${OTHER_MIRROR}`,
  },
  VERSION_MALFORMED: {
    meaning: 'A version does not have the form that Debian prescribes, [epoch:]upstream[-revision].',
    remedy: `Correct the version if you wrote it; otherwise ${OTHER_MIRROR}`,
  },
  INDEX_NOT_IN_RELEASE: {
    meaning: 'The suite has no package index for this architecture and component.',
    remedy: 'Remove the platform from this channel in sources.json, then run npm run update',
  },
  PACKAGE_NOT_IN_INDEX: {
    meaning: 'The suite does not have a package of this name for this architecture.',
    remedy:
      'Correct the package name in sources.json, or remove the platform from this channel; then run npm run update',
  },
  INDEX_MALFORMED: {
    meaning: 'An entry of the package index lacks a field, has a wrong value, is too long, or is repeated.',
    remedy: `Try again later, or ${OTHER_MIRROR}`,
  },
  PATH_UNSAFE: {
    meaning:
      'A path in an archive or index is absolute, too long, climbs out with "..", or leads through a symbolic link.',
    remedy: `Do not use this file, and report it: Debian has none like it. Choose another mirror: ${MIRROR}`,
  },
  SIZE_DIFFERS: {
    meaning: 'A file has a size other than the signed or locked one.',
    remedy: `The mirror is being updated, or damages files. Try again later, or ${OTHER_MIRROR}`,
  },
  HASH_DIFFERS: {
    meaning: 'A file has the right size, but a SHA-256 other than the signed or locked one.',
    remedy: `The mirror, or something on the way to it, changes files. Choose another mirror: ${MIRROR}`,
  },
  PACKAGE_UNREADABLE: {
    meaning: 'A file in the cache cannot be read.',
    remedy: `Check the disk and the permissions of the cache, or ${CLEAR_CACHE}`,
  },
  DEB_MALFORMED: {
    meaning: 'A file is not a Debian binary package of format 2.0, or is cut short.',
    remedy: `To download the file again, ${CLEAR_CACHE}`,
  },
  TAR_MALFORMED: {
    meaning:
      'A tar archive inside a package is damaged, cut short, or has entries that packages cannot have.',
    remedy: `To download the file again, ${CLEAR_CACHE}`,
  },
  COMPRESSION_MALFORMED: {
    meaning: 'Compressed data is damaged or cut short.',
    remedy: `To download the file again, ${CLEAR_CACHE}`,
  },
  XZ_MISSING: {
    meaning: 'The program xz, which decompresses package indexes and packages, is not installed.',
    remedy:
      'Install it: apt-get install xz-utils (Debian, Ubuntu), dnf install xz (Fedora), brew install xz (macOS)',
  },
  XZ_FAILED: {
    meaning:
      'The program xz cannot be run, failed for a reason other than its input, or printed other bytes than its input holds.',
    remedy: 'Check the program and install it again: xz --version; apt-get install --reinstall xz-utils',
  },
  RESOURCES_EXHAUSTED,
  MIRROR_INVALID: {
    meaning: 'The given mirror is not an http or https URL.',
    remedy: `Give the URL of the folder that contains dists/ and pool/: ${MIRROR}`,
  },
  HOST_NOT_FOUND: {
    meaning: 'The name of the host cannot be resolved.',
    remedy: `Check the network and the host name, or ${OTHER_MIRROR}`,
  },
  CONNECTION_FAILED: {
    meaning: 'The host cannot be reached, refuses the connection, or does not agree on TLS.',
    remedy: `Check the network and the proxy variables (http_proxy, https_proxy, no_proxy). For a private certificate authority, export NODE_EXTRA_CA_CERTS=/path/to/ca.pem. Otherwise ${OTHER_MIRROR}`,
  },
  CONNECTION_DROPPED: {
    meaning: 'The connection ended before the whole file was received, several times.',
    remedy: `Run the command again, which continues the download, or ${OTHER_MIRROR}`,
  },
  CONNECTION_TIMEOUT: {
    meaning: 'The host did not answer, stopped sending, or sent too slowly.',
    remedy: `Run the command again, which continues the download, or ${OTHER_MIRROR}`,
  },
  HTTP_REFUSED: {
    meaning: 'The server, or the proxy on the way to it, refused a request (HTTP status 4xx).',
    remedy: `Check the URL of the mirror and the rules of the proxy, or ${OTHER_MIRROR}`,
  },
  HTTP_FAILED: {
    meaning: 'The server failed to answer a request (HTTP status 5xx or 429), several times.',
    remedy: `Try again later, or ${OTHER_MIRROR}`,
  },
  HTTP_MALFORMED: {
    meaning: 'The host does not answer in HTTP.',
    remedy: `Check the host and the port of the mirror, or ${OTHER_MIRROR}`,
  },
  FILE_GONE: {
    meaning: 'The mirror does not have the file (HTTP status 404 or 410).',
    remedy: `Lock what the archive has now, npm run update, or ${OTHER_MIRROR}`,
  },
  FILE_GONE_EVERYWHERE: {
    meaning:
      "A package has left the archive's pool, and Debian's snapshot service did not provide it either.",
    remedy: 'Try again later, or lock what the archive has now: npm run update',
  },
  DISK_FULL: {
    meaning: 'The disk of the cache is full.',
    remedy: `Free disk space, or ${OTHER_CACHE}`,
  },
  CACHE_NOT_OWN: {
    meaning:
      'The cache folder belongs to another user, or other users may write to it and so replace its files.',
    remedy: `Let only yourself write to it, chmod go-w "$HOME/.cache/qemu-user-static", or ${OTHER_CACHE}`,
  },
  CACHE_UNUSABLE: {
    meaning: 'The cache folder cannot be read or written.',
    remedy: `Correct the permissions of the folder, or ${OTHER_CACHE}`,
  },
} as const satisfies ErrorCatalogue;

export type ArchiveErrorCode = keyof typeof ARCHIVE_ERRORS;

/** Any failure of this library that a person can meet; `code` says which. */
export class ArchiveError extends CodedError<ArchiveErrorCode> {
  constructor(code: ArchiveErrorCode, message: string, cause?: unknown) {
    super(ARCHIVE_ERRORS, code, message, cause);
  }
}
