import { describe, expect, test } from 'vitest';
import { ProxyError } from './errors.ts';
import { readProxies } from './proxies.ts';

describe('the variables', () => {
  test('without any, connections are direct', () => {
    expect(readProxies({})).toEqual({ httpProxy: '', httpsProxy: '', noProxy: '' });
  });

  test('are read in lower or upper case', () => {
    const lower = { http_proxy: 'http://a:1', https_proxy: 'http://b:2', no_proxy: 'c,d' };
    const upper = { HTTP_PROXY: 'http://a:1', HTTPS_PROXY: 'http://b:2', NO_PROXY: 'c,d' };
    const wanted = { httpProxy: 'http://a:1/', httpsProxy: 'http://b:2/', noProxy: 'c,d' };
    expect(readProxies(lower)).toEqual(wanted);
    expect(readProxies(upper)).toEqual(wanted);
  });

  test.each(['http_proxy', 'https_proxy'])('the lower-case %s wins, also when it is empty', (name) => {
    const environment = { [name]: '', [name.toUpperCase()]: 'http://proxy:3128' };
    expect(readProxies(environment)).toEqual({ httpProxy: '', httpsProxy: '', noProxy: '' });
  });

  test('the lower-case no_proxy wins', () => {
    expect(readProxies({ no_proxy: 'a', NO_PROXY: 'b' }).noProxy).toBe('a');
  });
});

describe('the address of a proxy', () => {
  test.each([
    ['http://proxy:3128', 'http://proxy:3128/'],
    ['localhost:3128', 'http://localhost:3128/'],
    ['proxy.example', 'http://proxy.example/'],
    [' 10.0.0.1:8080 ', 'http://10.0.0.1:8080/'],
    ['[::1]:3128', 'http://[::1]:3128/'],
    ['me:secret@proxy:3128', 'http://me:secret@proxy:3128/'],
    ['https://proxy', 'https://proxy/'],
    ['socks5://proxy:1080', 'socks5://proxy:1080'],
    ['http://me:100%@proxy', 'http://me:100%25@proxy/'],
    ['http://me:a%40b@proxy', 'http://me:a%40b@proxy/'],
    ['http://me:a%4x@proxy', 'http://me:a%254x@proxy/'],
  ])('%s is %s', (value, address) => {
    expect(readProxies({ http_proxy: value }).httpProxy).toBe(address);
    expect(readProxies({ HTTPS_PROXY: value }).httpsProxy).toBe(address);
  });

  test.each([
    'http://',
    'socks5://',
    'http://[',
    'proxy:port',
    'ftp://proxy',
    'file:///etc',
    'socks4://proxy',
    'http://me:%ff@proxy',
    ':3128',
    '::1',
  ])('%s is refused with a code', (value) => {
    expect(() => readProxies({ HTTP_PROXY: value })).toThrow(ProxyError);
    expect(() => readProxies({ HTTP_PROXY: value })).toThrow(
      /^HTTP_PROXY: ".*" is not the address of a proxy$/,
    );
  });

  test('a refusal shows the beginning of a long value', () => {
    const value = `ftp://${'x'.repeat(500)}`;
    expect(() => readProxies({ http_proxy: value })).toThrow(`http_proxy: "${value.slice(0, 200)}" is not`);
  });

  test.each([
    ['ftp://me:hunter2@proxy', 'ftp://***@proxy'],
    ['me:hunter2@proxy:port', '***@proxy:port'],
    ['git+ssh://me:a@b@proxy', 'git+ssh://***@proxy'],
    ['ftp://pro\u0007x\u200by', 'ftp://pro?x?y'],
  ])('a refusal shows %j as %j', (value, shown) => {
    expect(() => readProxies({ http_proxy: value })).toThrow(`http_proxy: "${shown}" is not the address`);
  });

  test.each([
    'ftp://me:hunter2@proxy',
    'me:hunter2@proxy:port',
    'http://me:hunter2@p@[',
    'http://me:hunter2\n@[',
  ])('a refusal shows no password and no control characters: %j', (value) => {
    const failed = (() => {
      try {
        return readProxies({ http_proxy: value });
      } catch (error) {
        return error as Error;
      }
    })();
    expect(failed).toBeInstanceOf(ProxyError);
    expect((failed as Error).message).not.toMatch(/hunter2|\n/);
  });
});
