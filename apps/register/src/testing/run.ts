import { execFile } from 'node:child_process';

/** How a program ended, and what it said. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What of the caller's environment a program under test sees: nothing that could change what it does. */
const ENVIRONMENT = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' };

/** Runs a program to its end; a signal counts as 128 and its number is lost. Killed after a minute. */
export function run(
  argv: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly input?: string;
  } = {},
): Promise<Outcome> {
  const [program = '', ...words] = argv;
  return new Promise((resolve) => {
    const child = execFile(
      program,
      words,
      {
        env: { ...ENVIRONMENT, ...options.env },
        cwd: options.cwd,
        timeout: 60_000,
        killSignal: 'SIGKILL', // the script puts back what it did at any other, and may not come to it
        maxBuffer: 1 << 26,
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 128;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.end(options.input);
  });
}
