import { expect, test, vi } from 'vitest';
import { findSigner } from './find-signer.ts';

// The real one asks Sigstore for its keys.
vi.mock('./keyless-signer.ts', () => ({ keylessSigner: async (name: string) => ({ name }) }));

const workflow = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret',
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_WORKFLOW_REF: 'o/q/.github/workflows/x.yml@refs/tags/v1',
};

test('a workflow that may ask for a token signs, under its own address', async () => {
  expect(await findSigner(undefined, workflow)).toEqual({
    name: 'https://github.com/o/q/.github/workflows/x.yml@refs/tags/v1',
  });
});

test.each(Object.keys(workflow))('without %s nobody signs', async (name) => {
  expect(await findSigner(undefined, { ...workflow, [name]: undefined })).toBeNull();
  expect(await findSigner(undefined, { ...workflow, [name]: '' })).toBeNull();
});
