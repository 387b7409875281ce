import { brokenProtocol } from './failures.ts';
import type { Call, Http } from './http.ts';

/** What a registry tells of itself before anything is asked of it. */
export interface Capabilities {
  /** `registry/2.0`, where it says so. The specification calls the header optional. */
  readonly version: string | undefined;
}

/**
 * Whether this is a registry, and whether it lets us in.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#determining-support
 *
 * @throws RegistryError REGISTRY_PROTOCOL_BROKEN when there is a server and no registry.
 */
export async function ping(http: Http): Promise<Capabilities> {
  const call: Call = {
    method: 'GET',
    url: await http.address(''),
    access: { repository: '', actions: [] },
    expect: [200, 404],
  };
  return http.retried(call, async (answer) => {
    await answer.discard();
    if (answer.status === 404)
      throw brokenProtocol(call, 'is no registry: it does not know /v2/', answer.status);
    return { version: answer.header('docker-distribution-api-version') };
  });
}
