/** Plain GET over HTTP or HTTPS; knows proxies, redirects and time limits, not retries. */
export interface Http {
  get(url: URL, options?: { headers?: Record<string, string>; signal?: AbortSignal }): Promise<HttpResponse>;
  close(): Promise<void>;
}
export interface HttpResponse {
  readonly status: number;
  header(name: string): string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}
/** `environment` is read for http_proxy, https_proxy and no_proxy. */
export function openHttp(_environment: NodeJS.ProcessEnv): Http {
  throw new Error('not yet');
}
