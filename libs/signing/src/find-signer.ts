import { readFile } from 'node:fs/promises';
import { readSigningKey } from './cosign-key.ts';
import { SigningError } from './errors.ts';
import { keySigner } from './key-signer.ts';
import type { StatementSigner } from './signer.ts';

/**
 * The signer: a key that was named, else the GitHub workflow that this runs in if it may ask for a token
 * (`permissions: id-token: write`), else nobody.
 *
 * @param key a file, or `env://NAME` as cosign has it
 * @throws SigningError KEY_INVALID, KEY_PASSWORD
 */
export async function findSigner(
  key: string | undefined,
  variables: NodeJS.ProcessEnv,
): Promise<StatementSigner | null> {
  if (key !== undefined)
    return keySigner(await readSigningKey(await textOf(key, variables), variables.COSIGN_PASSWORD));
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = variables;
  const { GITHUB_SERVER_URL: server, GITHUB_WORKFLOW_REF: workflow } = variables;
  if (!url || !token || !server || !workflow) return null;
  const { keylessSigner } = await import('./keyless-signer.ts');
  return keylessSigner(`${server}/${workflow}`);
}

async function textOf(key: string, variables: NodeJS.ProcessEnv): Promise<string> {
  const [, name] = /^env:\/\/(.*)$/.exec(key) ?? [];
  if (name === undefined)
    return readFile(key, 'utf8').catch((cause) => {
      throw new SigningError('KEY_INVALID', `${key} cannot be read`, cause);
    });
  if (name === '') throw new SigningError('KEY_INVALID', 'env:// has no name of a variable after it');
  const text = variables[name];
  if (!text) throw new SigningError('KEY_INVALID', `the variable ${name} is not set or empty`);
  return text;
}
