import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

export const ARCHIVE_ERRORS = {
  RELEASE_NOT_FOUND: {
    meaning: 'The mirror has no InRelease file for this suite.',
    remedy:
      'Check the URL of the mirror (the folder that holds dists/ and pool/) and the codename in sources.json.',
  },
  RELEASE_NOT_SIGNED: {
    meaning: 'The InRelease file carries no OpenPGP signature, or is not a clear-signed message at all.',
    remedy: 'Choose another mirror; a login page or a proxy may have answered in the place of the archive.',
  },
  RELEASE_UNSIGNED_TEXT: {
    meaning: 'The InRelease file has text outside the part that is signed.',
    remedy: 'Choose another mirror: this one, or something on the way to it, changes files.',
  },
  RELEASE_SIGNATURE_BAD: {
    meaning: 'A signature of the InRelease file does not fit its text, or it has more than 16 signatures.',
    remedy:
      'Try again later or choose another mirror: this one, or something on the way to it, changes files.',
  },
  RELEASE_KEY_UNKNOWN: {
    meaning: 'The InRelease file is signed, but by none of the archive keys this program trusts.',
    remedy:
      "Check that the mirror is one of Debian's main archive; if Debian has a new key, add it to libs/debian-archive/keys.",
  },
  RELEASE_EXPIRED: {
    meaning: 'The Release is past its Valid-Until: the mirror is stale, or old files are being replayed.',
    remedy:
      'Choose a mirror that is up to date, or accept the expired Release explicitly; the lock then says so.',
  },
  RELEASE_FROM_FUTURE: {
    meaning: "The Release is dated later than this machine's clock.",
    remedy: 'Set the clock of this machine.',
  },
  RELEASE_ORIGIN_MISMATCH: {
    meaning: "The Release is not of Debian's own archive.",
    remedy: "Choose a mirror of Debian's main archive.",
  },
  RELEASE_SUITE_MISMATCH: {
    meaning: 'The Release is of another suite than the one asked for.',
    remedy: 'A new Debian release may have moved the suite names: correct the suite in sources.json.',
  },
  RELEASE_CODENAME_MISMATCH: {
    meaning: 'The Release has another codename than the one asked for.',
    remedy: 'Choose another mirror, or correct the codename in sources.json.',
  },
  RELEASE_MALFORMED: {
    meaning: 'The signed text of the InRelease file lacks something it must have, or has it in a wrong form.',
    remedy: 'Try again later or choose another mirror.',
  },
  ARCHIVE_KEY_MALFORMED: {
    meaning: 'A file in libs/debian-archive/keys is missing, or is not the OpenPGP public key listed for it.',
    remedy: 'Restore the keys: git checkout -- libs/debian-archive/keys',
  },
  CONTROL_MALFORMED: {
    meaning: "A text in Debian's control format breaks its rules: a line without a field, or a field twice.",
    remedy: 'Try again later or choose another mirror.',
  },
  VERSION_MALFORMED: {
    meaning: 'A version does not have the form Debian prescribes, [epoch:]upstream[-revision].',
    remedy: 'Correct the version where it was written by hand; otherwise choose another mirror.',
  },
  INDEX_NOT_IN_RELEASE: {
    meaning: 'The suite has no package index for this architecture and component.',
    remedy: 'Take the platform out of this channel in sources.json, or choose another suite.',
  },
  PACKAGE_NOT_IN_INDEX: {
    meaning: 'The suite does not have a package of this name for this architecture.',
    remedy: 'Correct the package name in sources.json, or take the platform out of this channel.',
  },
  INDEX_MALFORMED: {
    meaning:
      'The entry of a package in the package index lacks a field, has a wrong value, or is there twice.',
    remedy: 'Try again later or choose another mirror.',
  },
  PATH_UNSAFE: {
    meaning:
      'A path in an archive or index is absolute, too long, climbs out with "..", or leads through a symbolic link.',
    remedy: 'Do not use this file: Debian makes none like it. Choose another mirror and report it.',
  },
  SIZE_DIFFERS: {
    meaning: 'A file has another size than the one that was signed or locked.',
    remedy: 'Try again later or choose another mirror: this one is changing, or damages files.',
  },
  HASH_DIFFERS: {
    meaning: 'A file has the right size but another SHA-256 than the one that was signed or locked.',
    remedy:
      'Try again later or choose another mirror: this one, or something on the way to it, changes files.',
  },
  PACKAGE_UNREADABLE: {
    meaning: 'The file of a package cannot be read.',
    remedy: 'Check the disk and the permissions of the cache folder, or fetch the package again.',
  },
  DEB_MALFORMED: {
    meaning: 'A file is not a Debian binary package of format 2.0, or is cut short.',
    remedy: 'Fetch the package again.',
  },
  TAR_MALFORMED: {
    meaning:
      'A tar archive inside a package is damaged, cut short, or has entries that packages cannot have.',
    remedy: 'Fetch the package again.',
  },
  COMPRESSION_MALFORMED: {
    meaning: 'Compressed data is damaged or cut short.',
    remedy: 'Fetch the file again.',
  },
  XZ_MISSING: {
    meaning: 'The program xz, which decompresses package indexes and packages, cannot be started.',
    remedy: 'Install it: apt-get install xz-utils (Debian, Ubuntu), brew install xz (macOS).',
  },
  XZ_FAILED: {
    meaning:
      'The program xz cannot be run, failed for a reason other than its input, or printed other bytes than its input holds.',
    remedy: 'Check the program and install it again: xz --version; apt-get install --reinstall xz-utils',
  },
  RESOURCES_EXHAUSTED: {
    meaning: 'The machine, or a limit of the shell, allows no further open file, process or memory.',
    remedy: 'Raise the limits and run it again: ulimit -n 4096; ulimit -u unlimited; ulimit -v unlimited',
  },
  MIRROR_INVALID: {
    meaning: 'The mirror that was given is not an http or https URL.',
    remedy: 'Give the URL of the folder that holds dists/ and pool/, such as http://ftp.debian.org/debian.',
  },
  HOST_NOT_FOUND: {
    meaning: 'The name of the host cannot be resolved.',
    remedy: 'Check the network and the name of the mirror.',
  },
  CONNECTION_FAILED: {
    meaning: 'The host cannot be reached, refuses the connection, or TLS cannot be agreed with it.',
    remedy:
      'Check the network, the proxy variables (http_proxy, https_proxy, no_proxy) and the mirror; for a private certificate authority set NODE_EXTRA_CA_CERTS.',
  },
  CONNECTION_DROPPED: {
    meaning: 'The connection ended before the whole file was there, again and again.',
    remedy: 'Run it again: the download goes on where it ended.',
  },
  CONNECTION_TIMEOUT: {
    meaning: 'The host did not answer, or stopped sending, for longer than the limit, again and again.',
    remedy: 'Run it again: the download goes on where it ended.',
  },
  HTTP_REFUSED: {
    meaning: 'The server, or the proxy on the way to it, refused a request (HTTP status 4xx).',
    remedy: 'Check the URL of the mirror and what the proxy allows.',
  },
  HTTP_FAILED: {
    meaning: 'The server failed to answer a request (HTTP status 5xx or 429), again and again.',
    remedy: 'Try again later or choose another mirror.',
  },
  HTTP_MALFORMED: {
    meaning: 'What answers under the address does not speak HTTP.',
    remedy:
      'Check the host and the port of the mirror: curl -I http://ftp.debian.org/debian/dists/sid/InRelease',
  },
  FILE_GONE: {
    meaning: 'The mirror does not have the file (HTTP status 404 or 410).',
    remedy: 'Run update to lock what the archive has now, or choose another mirror.',
  },
  FILE_GONE_EVERYWHERE: {
    meaning: "A package has left the archive's pool, and Debian's snapshot service could not give it either.",
    remedy: 'Run update to lock what the archive has now, or try again later.',
  },
  DISK_FULL: {
    meaning: 'There is no space left for the cache.',
    remedy: 'Free some space, or point XDG_CACHE_HOME at a larger disk.',
  },
  CACHE_NOT_OWN: {
    meaning:
      'The cache folder belongs to another user, or other users may write to it and so exchange its files.',
    remedy:
      'Let only yourself write to it: chmod go-w "$HOME/.cache/qemu-user-static"; or choose another folder: --cache "$HOME/qemu-cache"',
  },
  CACHE_UNUSABLE: {
    meaning: 'The cache folder cannot be read or written.',
    remedy: 'Correct its permissions, or point XDG_CACHE_HOME at another folder.',
  },
} as const satisfies ErrorCatalogue;

export type ArchiveErrorCode = keyof typeof ARCHIVE_ERRORS;

/** Any failure of this library that a person can meet; `code` tells which. */
export class ArchiveError extends CodedError<ArchiveErrorCode> {
  constructor(code: ArchiveErrorCode, message: string, cause?: unknown) {
    super(ARCHIVE_ERRORS, code, message, cause);
  }
}
