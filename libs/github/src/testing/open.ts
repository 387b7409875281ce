import type { Clock } from '@qemu-user-static/http';
import { onTestFinished } from 'vitest';
import { type GitHub, openGitHub } from '../client.ts';
import type { GitHubEvent } from '../events.ts';
import { type GitHubServer, startGitHub } from './server.ts';
import type { Repository } from './store.ts';

/** A clock that sleeps by putting itself forward, and keeps how long it slept, in milliseconds. */
export interface TestClock extends Clock {
  readonly slept: number[];
}

export function testClock(start = Date.parse('2026-11-25T12:00:00Z')): TestClock {
  const slept: number[] = [];
  let time = start;
  return {
    slept,
    now: () => time,
    random: () => 0,
    sleep: async (ms) => {
      slept.push(ms);
      time += ms;
    },
  };
}

/** A GitHub on loopback, and a client of its repository `o/r`; gone when the test is over. */
export interface OpenedGitHub {
  readonly server: GitHubServer;
  readonly repository: Repository;
  readonly github: GitHub;
  readonly clock: TestClock;
  readonly events: GitHubEvent[];
}

export async function openedGitHub(token: string | undefined = 'token'): Promise<OpenedGitHub> {
  const clock = testClock();
  const events: GitHubEvent[] = [];
  const server = await startGitHub({ now: clock.now });
  const github = openGitHub({
    baseUrl: server.url,
    token,
    repository: { owner: 'o', repo: 'r' },
    proxies: {},
    clock,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(async () => {
    await github.close();
    await server.close();
  });
  return { server, repository: server.repository('o/r'), github, clock, events };
}
