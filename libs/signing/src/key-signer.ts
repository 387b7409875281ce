import { createPublicKey, hash, type KeyObject, sign } from 'node:crypto';
import { Verifier } from '@sigstore/verify';
import { type StatementSigner, statementSigner } from './signer.ts';

/** Signs with a key of one's own; nothing leaves this machine. */
export function keySigner(key: KeyObject): StatementSigner {
  const publicKey = createPublicKey(key);
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const fingerprint = hash('sha256', publicKey.export({ format: 'der', type: 'spki' }), 'base64');
  const trusted = {
    certificateAuthorities: [],
    timestampAuthorities: [],
    tlogs: [],
    ctlogs: [],
    publicKey: () => ({ publicKey, validFor: () => true }),
  };
  return statementSigner({
    name: `key SHA256:${fingerprint}`,
    signer: {
      sign: async (data) => ({
        signature: sign('sha256', data, key),
        key: { $case: 'publicKey', publicKey: pem, hint: fingerprint },
      }),
    },
    witnesses: [],
    verifier: new Verifier(trusted, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }),
    isOurs: () => true,
  });
}
