import type { Text } from './texts.ts';
import { LONGEST, WORDS } from './words.ts';

/** What a text has that readers stumble over, each with the better word. */
export function problemsIn({ place, text }: Text): string[] {
  const words = WORDS.flatMap(({ found, better }) =>
    Array.from(text.matchAll(found), ([match]) => `${place}: "${match.trim()}": ${better}`),
  );
  const sentences = text.split(/(?<=[.!?])\s+(?=[A-Z`*[(])/);
  const long = sentences
    .filter((sentence) => sentence.split(/\s+/).length > LONGEST)
    .map(
      (sentence) =>
        `${place}: a sentence of ${sentence.split(/\s+/).length} words: ${sentence.slice(0, 50)}…`,
    );
  const riddles = sentences
    .filter(
      (sentence) =>
        /^(?:What|Who|Whoever|Whatever) /.test(sentence) && !sentence.includes('?') && sentence.length > 60,
    )
    .map((sentence) => `${place}: "${sentence.slice(0, 40)}…": begin with the noun that is meant`);
  return [...words, ...long, ...riddles];
}
