import { describe, expect, test } from 'vitest';
import { RegistryError } from './errors.ts';
import { brokenProtocol, connectionFailure, refusal, shown, tooLarge, tooSlow } from './failures.ts';
import { createScrubber } from './secret.ts';

const asked = { method: 'GET', url: new URL('https://me:pass@r.example/v2/a?token=s3cret') };
const address = 'https://r.example/v2/a?token=***';
const request = { method: 'GET', address };

function refused(status: number, body = '', retryAfter?: string): RegistryError {
  const scrubber = createScrubber();
  scrubber.learn('hunter2');
  return refusal(asked, status, retryAfter, body, scrubber, 0);
}

describe('an answer that was not hoped for', () => {
  test.each([
    [200, 'REGISTRY_PROTOCOL_BROKEN', false],
    [307, 'REGISTRY_PROTOCOL_BROKEN', false],
    [400, 'REGISTRY_REFUSED', false],
    [401, 'REGISTRY_UNAUTHORIZED', false],
    [403, 'REGISTRY_DENIED', false],
    [404, 'REGISTRY_NOT_FOUND', false],
    [408, 'REGISTRY_REFUSED', true],
    [416, 'REGISTRY_REFUSED', false],
    [429, 'REGISTRY_RATE_LIMITED', true],
    [499, 'REGISTRY_REFUSED', false],
    [500, 'REGISTRY_UNAVAILABLE', true],
    [501, 'REGISTRY_UNAVAILABLE', false],
    [503, 'REGISTRY_UNAVAILABLE', true],
    [505, 'REGISTRY_UNAVAILABLE', false],
  ])('of status %i is %s, and may pass: %s', (status, code, temporary) => {
    expect(refused(status)).toMatchObject({ ...request, status, code, temporary, details: [] });
  });

  test('is named by its number and words, or by its number alone where it has no words', () => {
    expect(refused(404).message).toBe(`GET ${address}: 404 Not Found`);
    expect(refused(599).message).toBe(`GET ${address}: 599`);
  });

  test.each([
    [429, '3', 3000],
    [500, '3', 3000],
    [503, '3', 3000],
    [499, '3', undefined],
    [403, '3', undefined],
    [503, undefined, undefined],
  ])('of status %i with Retry-After %s asks to wait %s ms', (status, retryAfter, ms) => {
    const { retryAfterMs, message } = refused(status, '', retryAfter);
    expect(retryAfterMs).toBe(ms);
    expect(message.endsWith(', asks to wait 3 s')).toBe(ms !== undefined);
  });
});

describe("a server's own words", () => {
  const detailed = (body: unknown) => refused(403, JSON.stringify(body));

  test.each([
    [{ errors: [{ code: 'DENIED', message: 'not you' }] }, ['DENIED: not you']],
    [{ errors: [{ code: 'DENIED' }, { message: 'not you' }] }, ['DENIED', 'not you']],
    [{ errors: [null, 7, {}, { code: 7, message: [] }, { code: 'DENIED' }] }, ['DENIED']],
    [{ error: 'invalid_grant', error_description: 'too old' }, ['invalid_grant: too old']],
    [{ error: 'invalid_grant' }, ['invalid_grant']],
    [{ errors: 'none' }, []],
    [{ errors: {} }, []],
    [null, []],
    ['text', []],
  ])('of %j are %j', (body, words) => {
    const { message, details } = detailed(body);
    expect(message).toBe(`GET ${address}: ${['403 Forbidden', ...words].join(', ')}`);
    expect(details).toHaveLength(words.length);
  });

  test('come without a secret', () => {
    expect(detailed({ error_description: 'no user has hunter2' }).message).toContain('no user has ***');
  });

  test('are ten at most, each of 300 characters on one line', () => {
    const errors = Array.from({ length: 11 }, () => ({ code: 'x'.repeat(301) }));
    expect(detailed({ errors }).details).toEqual(Array(10).fill({ code: 'x'.repeat(300), message: '' }));
    expect(shown(' a\n b\u001b \n')).toBe('a b');
  });
});

describe('a connection that fails', () => {
  const failure = (code: string | undefined, message = 'words') =>
    Object.assign(new Error(message), code === undefined ? {} : { code });
  const of = (cause: unknown) => connectionFailure(asked, cause, undefined);

  test.each([
    ['ECONNREFUSED', 'REGISTRY_UNREACHABLE', true],
    ['UND_ERR_SOCKET', 'REGISTRY_UNREACHABLE', true],
    ['ERR_SOCKET_CONNECTION_TIMEOUT', 'REGISTRY_UNREACHABLE', true],
    ['ERR_STREAM_PREMATURE_CLOSE', 'REGISTRY_UNREACHABLE', true],
    ['HPE_INVALID_EOF_STATE', 'REGISTRY_UNREACHABLE', true],
    ['HPE_CLOSED_CONNECTION', 'REGISTRY_UNREACHABLE', true],
    ['ENOTFOUND', 'REGISTRY_UNREACHABLE', false],
    ['EPROTO', 'REGISTRY_TLS_FAILED', false],
    ['CERT_HAS_EXPIRED', 'REGISTRY_TLS_FAILED', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'REGISTRY_TLS_FAILED', false],
    ['HPE_INVALID_CONSTANT', 'REGISTRY_PROTOCOL_BROKEN', false],
    ['UND_ERR_HEADERS_OVERFLOW', 'REGISTRY_PROTOCOL_BROKEN', false],
  ])('with %s is %s, and may pass: %s', (errno, code, temporary) => {
    const failed = of(failure(errno));
    expect(failed).toBeInstanceOf(RegistryError);
    expect(failed).toMatchObject({
      ...request,
      code,
      temporary,
      message: expect.stringMatching(/: .*words$/),
    });
  });

  test('without words is named by its code', () => {
    expect(of(failure('ECONNREFUSED', ''))).toMatchObject({ message: `GET ${address}: ECONNREFUSED` });
  });

  test('because the server speaks something else is known by the name of the error alone', () => {
    const cause = Object.assign(new Error('words'), { name: 'HTTPParserError' });
    expect(of(cause)).toMatchObject({ code: 'REGISTRY_PROTOCOL_BROKEN' });
  });

  test.each([
    failure(undefined),
    failure('UND_ERR_INVALID_ARG'),
    failure('ERR_INVALID_URL'),
    failure('ERR_INVALID_ARG_TYPE'),
    failure('X_ERR_STREAM_PREMATURE_CLOSE_LATER'),
    failure('X_ECONNRESET'),
    failure('X_CERT_'),
    failure('X_HPE_'),
    failure('E2'),
    Object.assign(new Error('words'), { name: 'HTTPParserErrors' }),
    tooSlow(asked, 'answers'),
    'text',
    null,
  ])('for a reason that is no connection is that reason: %s', (cause) => {
    expect(of(cause)).toBe(cause);
  });

  test('because of a signal is the reason of the signal', () => {
    const { signal } = new AbortController();
    const cause = failure('ECONNRESET');
    expect(connectionFailure(asked, cause, signal)).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    const reason = new Error('the user pressed Ctrl-C');
    expect(connectionFailure(asked, cause, AbortSignal.abort(reason))).toBe(reason);
  });
});

test.each([
  [tooLarge(asked, 7, 'bytes'), 'REGISTRY_ANSWER_TOO_LARGE', undefined],
  [tooSlow(asked, 'answers'), 'REGISTRY_TOO_SLOW', undefined],
  [brokenProtocol(asked, 'words'), 'REGISTRY_PROTOCOL_BROKEN', undefined],
  [brokenProtocol(asked, 'words', 200), 'REGISTRY_PROTOCOL_BROKEN', 200],
])('%s: an answer that cannot be used is final', (error, code, status) => {
  expect(error).toMatchObject({ ...request, code, status, temporary: false });
});
