export { type Bounds, bounded, type Exceeded, transferMs } from './bounded.ts';
export { type Clock, systemClock } from './clock.ts';
export { HTTP_ERRORS, type HttpErrorCode, ProxyError } from './errors.ts';
export { isLoopback } from './loopback.ts';
export { type ProxySettings, readProxies } from './proxies.ts';
export {
  defaultRetryPolicy,
  delayAfter,
  type Passing,
  parseRetryAfter,
  Retries,
  type RetryPolicy,
  type RetrySettings,
  type Tries,
} from './retry.ts';
