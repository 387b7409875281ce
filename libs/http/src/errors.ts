import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

export const HTTP_ERRORS = {
  PROXY_INVALID: {
    meaning: 'A proxy variable does not contain the address of a proxy.',
    remedy:
      'Write the address as http://HOST:PORT (https:// and socks5:// work too; percent-encode special characters in a password), or run `unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY` to connect without a proxy.',
  },
} as const satisfies ErrorCatalogue;

export type HttpErrorCode = keyof typeof HTTP_ERRORS;

/** A proxy variable that cannot be used. The message contains no user name or password. */
export class ProxyError extends CodedError<HttpErrorCode> {
  constructor(message: string) {
    super(HTTP_ERRORS, 'PROXY_INVALID', message);
  }
}
