import { type Asked, brokenProtocol, tooLarge } from './failures.ts';
import type { Incoming } from './transport.ts';

/** A whole answer in memory. @throws RegistryError REGISTRY_ANSWER_TOO_LARGE before more than `limit` bytes are held. */
export async function readBytes(answer: Incoming, limit: number, asked: Asked): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body()) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(asked, limit, 'bytes');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function readText(answer: Incoming, limit: number, asked: Asked): Promise<string> {
  return new TextDecoder().decode(await readBytes(answer, limit, asked));
}

/** JSON with an object at its root. @throws RegistryError REGISTRY_PROTOCOL_BROKEN for anything else. */
export async function readObject(
  answer: Incoming,
  limit: number,
  asked: Asked,
): Promise<Record<string, unknown>> {
  const text = await readText(answer, limit, asked);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // reported below, without the parser's message: it quotes the answer
  }
  throw brokenProtocol(asked, 'does not answer with a JSON object', answer.status);
}
