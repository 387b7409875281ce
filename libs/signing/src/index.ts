export { SIGNING_ERRORS, SigningError } from './errors.ts';
export { findSigner } from './find-signer.ts';
export { STATEMENT_TYPE, type StatementSigner } from './signer.ts';
