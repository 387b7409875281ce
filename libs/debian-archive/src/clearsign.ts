import type { CleartextMessage, PublicKey, SignaturePacket } from 'openpgp';
import { ArchiveError } from './errors.ts';
import type { ArchiveKey } from './keys.ts';
import { loading } from './limits.ts';

export interface SignedText {
  /** The signed text alone, without dash escapes and trailing whitespace. */
  readonly text: string;
  /** Fingerprint of the primary key of the first good signature. */
  readonly signedBy: string;
}

/**
 * Opens a message of OpenPGP's cleartext signature framework, https://www.rfc-editor.org/rfc/rfc9580#section-7
 *
 * As APT has it: one good signature by a trusted key is enough, signatures by unknown keys do not count
 * (a suite is signed by old and new keys at once), and one that does not fit spoils the whole. At most 16 signatures
 * are read, and one by each key is verified.
 *
 * @param now a key that has expired by then is not trusted, and a signature made after it is not good
 * @throws ArchiveError RELEASE_NOT_SIGNED, RELEASE_UNSIGNED_TEXT, RELEASE_SIGNATURE_BAD, RELEASE_KEY_UNKNOWN,
 *   RELEASE_FROM_FUTURE
 */
export async function openSignedText(
  message: string,
  keys: readonly ArchiveKey[],
  now: Date,
): Promise<SignedText> {
  refuseTextOutside(message);
  // Here and not above: it takes long to load, and few commands verify a signature.
  const { readCleartextMessage, readKey, verify } = await loading(import('openpgp'));
  const cleartext = await readCleartextMessage({ cleartextMessage: message }).catch((cause: unknown) => {
    throw new ArchiveError('RELEASE_SIGNATURE_BAD', 'the signature cannot be read', cause);
  });
  keepOneOfEachSigner(signaturesOf(cleartext));
  const trusted = await Promise.all(keys.map(({ armored }) => readKey({ armoredKey: armored })));
  const { data, signatures } = await verify({ message: cleartext, verificationKeys: trusted, date: now });

  const signers: PublicKey[] = [];
  for (const { keyID, signature, verified } of signatures) {
    const signer = trusted.find((key) => key.getKeys(keyID).length > 0);
    if (signer === undefined || !(await isInForce(signer, now))) continue;
    const id = keyID.toHex().toUpperCase();
    const made = (await signature).packets[0]?.created;
    if (made && made > now) {
      throw new ArchiveError(
        'RELEASE_FROM_FUTURE',
        `the signature by the key ${id} is of ${made.toISOString()}`,
      );
    }
    await verified.catch((cause: unknown) => {
      throw new ArchiveError('RELEASE_SIGNATURE_BAD', `the signature by the key ${id} does not fit`, cause);
    });
    signers.push(signer);
  }

  const [first] = signers;
  if (first === undefined) {
    const ids = signatures.map(({ keyID }) => keyID.toHex().toUpperCase()).join(', ');
    throw new ArchiveError('RELEASE_KEY_UNKNOWN', `signed by ${ids}, which is unknown or has expired`);
  }
  return { text: data, signedBy: first.getFingerprint().toUpperCase() };
}

/** Of OpenPGP.js's message, whose types do not show them. */
const signaturesOf = (message: CleartextMessage) =>
  (message as unknown as { signature: { packets: SignaturePacket[] } }).signature.packets;

/**
 * Every signature costs a hash of the whole text. Debian's files have two or three; a second one by the same key proves
 * nothing more, so only the first is verified.
 */
function keepOneOfEachSigner(signatures: SignaturePacket[]): void {
  if (signatures.length > MOST_SIGNATURES) {
    const message = `it has ${signatures.length} signatures, more than ${MOST_SIGNATURES}`;
    throw new ArchiveError('RELEASE_SIGNATURE_BAD', message);
  }
  // OpenPGP.js keeps a packet of a form that it does not know without reading it: that one is not verified, and counts
  // as little as one by an unknown key.
  const known = signatures.filter((one: Partial<SignaturePacket>) => one.issuerKeyID !== undefined);
  if (known.length === 0)
    throw new ArchiveError('RELEASE_SIGNATURE_BAD', 'it has no signature of a known form');
  const first = new Map(known.toReversed().map((one) => [one.issuerKeyID.toHex(), one]));
  const kept = known.filter((one) => first.get(one.issuerKeyID.toHex()) === one);
  signatures.splice(0, signatures.length, ...kept);
}

/** OpenPGP.js asks only that the key was in force when it signed; the holder of an old key can choose that date. */
const isInForce = (key: PublicKey, now: Date) =>
  key.verifyPrimaryKey(now).then(
    () => true,
    () => false,
  );

const MOST_SIGNATURES = 16;
/** In bytes, armoured: Debian's have less than 2,000. */
const LONGEST_SIGNATURE = 1 << 15;

const BEGIN = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----';
const END = '-----END PGP SIGNATURE-----';

/**
 * The armour must be the whole file, once. A parser that searches for it skips the text around it, and
 * another reader might read that text as the Release. Inside, a line may begin with a hyphen only if it
 * is escaped, https://www.rfc-editor.org/rfc/rfc9580#section-7.2
 */
function refuseTextOutside(message: string): void {
  const lines = message.split('\n').map((line) => line.trimEnd());
  if (!lines.includes(BEGIN) || !lines.includes(SIGNATURE)) {
    throw new ArchiveError('RELEASE_NOT_SIGNED', 'it is not a clear-signed message');
  }
  const dashed = lines.filter((line) => line.startsWith('-') && !line.startsWith('- '));
  const whole = lines[0] === BEGIN && lines.at(-1) === '' && lines.at(-2) === END;
  if (!whole || dashed.join() !== [BEGIN, SIGNATURE, END].join()) {
    throw new ArchiveError('RELEASE_UNSIGNED_TEXT', 'there is text outside the signed message');
  }
  const size = message.length - message.lastIndexOf(SIGNATURE);
  if (size > LONGEST_SIGNATURE) {
    throw new ArchiveError(
      'RELEASE_SIGNATURE_BAD',
      `its signature has ${size} bytes, more than ${LONGEST_SIGNATURE}`,
    );
  }
}
