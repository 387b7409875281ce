import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A line of what an engine answers while it loads or builds. */
export interface Progress {
  readonly stream?: string;
  readonly error?: string;
}

/**
 * Reads an answer to its end. docker-modem's followProgress is not used: a line that is not JSON, as a proxy may give,
 * makes it throw where nobody can catch it.
 * @throws Error with the engine's own words where it refuses
 */
export async function readProgress(answer: NodeJS.ReadableStream): Promise<Progress[]> {
  const lines: Progress[] = [];
  for await (const line of createInterface({ input: answer as Readable }))
    if (line.trim() !== '') lines.push(parse(line));
  const refused = lines.find(({ error }) => error !== undefined)?.error;
  if (refused !== undefined) throw new Error(refused);
  return lines;
}

function parse(line: string): Progress {
  try {
    const { stream, error } = Object(JSON.parse(line)) as Record<string, unknown>;
    return {
      ...(stream !== undefined && { stream: String(stream) }),
      ...(error !== undefined && { error: String(error) }),
    };
  } catch (cause) {
    throw new Error(`its answer is not JSON: ${line.slice(0, 200)}`, { cause });
  }
}
