import { expect, test } from 'vitest';
import { CredentialsError } from '../errors.ts';
import { createEnvironmentCredentials, variableSuffix } from './environment.ts';

const user = (environment: Record<string, string>, registry: string) => {
  const found = createEnvironmentCredentials(environment)(registry);
  return found?.kind === 'basic' ? `${found.username}:${found.password.reveal()}` : undefined;
};

test.each([
  ['ghcr.io', 'GHCR_IO'],
  ['localhost:5000', 'LOCALHOST_5000'],
  ['my-registry.example', 'MY_REGISTRY_EXAMPLE'],
  ['[::1]:5000', '1_5000'],
  ['[::1]', '1'],
  ['a--b.example', 'A_B_EXAMPLE'],
])('%s is _%s in the name of a variable', (registry, suffix) => {
  expect(variableSuffix(registry)).toBe(suffix);
});

test('a pair for a host goes to that host, before the general one', () => {
  const environment = {
    REGISTRY_USERNAME: 'all',
    REGISTRY_PASSWORD: 'a',
    REGISTRY_USERNAME_GHCR_IO: 'me',
    REGISTRY_PASSWORD_GHCR_IO: 'g',
  };
  expect(user(environment, 'ghcr.io')).toBe('me:g');
  expect(user(environment, 'quay.io')).toBe('all:a');
  expect(user({}, 'quay.io')).toBeUndefined();
});

test('with REGISTRY_HOST the general pair goes to that host alone', () => {
  const environment = { REGISTRY_HOST: 'ghcr.io', REGISTRY_USERNAME: 'me', REGISTRY_PASSWORD: 'g' };
  expect(user(environment, 'ghcr.io')).toBe('me:g');
  expect(user(environment, 'docker.io')).toBeUndefined();
  const find = createEnvironmentCredentials({ ...environment, REGISTRY_HOST: 'docker.io' });
  expect(['ghcr.io', 'docker.io', 'docker.io'].map((registry) => find(registry)?.kind)).toEqual([
    undefined,
    'basic',
    'basic',
  ]);
});

test('without it, a password that went to one registry is not sent to a second', () => {
  const find = createEnvironmentCredentials({ REGISTRY_USERNAME: 'me', REGISTRY_PASSWORD: 'hunter2' });
  find('ghcr.io');
  find('ghcr.io');
  expect(() => find('docker.io')).toThrow('went to ghcr.io and would now go to docker.io');
  expect(() => find('docker.io')).not.toThrow('hunter2');
});

test('half a pair is a mistake, not a wish to be anonymous', () => {
  expect(() => user({ REGISTRY_USERNAME: 'me' }, 'r')).toThrow(CredentialsError);
  expect(() => user({ REGISTRY_USERNAME: 'me' }, 'r')).toThrow('REGISTRY_PASSWORD is not set');
  expect(() => user({ REGISTRY_PASSWORD_GHCR_IO: 'p', REGISTRY_USERNAME_GHCR_IO: '' }, 'ghcr.io')).toThrow(
    'REGISTRY_USERNAME_GHCR_IO is not set',
  );
});
