/** A word or a turn of phrase that readers stumble over, and what to write for it. */
export interface Word {
  readonly found: RegExp;
  readonly better: string;
}

/** What pages, help and messages do without. Each is matched in any case, and as whole words. */
export const WORDS: readonly Word[] = [
  word('tells?|told|telling', 'report, print, list, show or describe'),
  word('anew', 'again'),
  word('at hand', 'available'),
  word('mend(?:s|ed|ing)?', 'fix'),
  word('besides', 'also, or except'),
  word('but for', 'except'),
  word('all the same', 'anyway'),
  word('just so', 'already, or exactly'),
  word('to be had', 'available'),
  word('in turn', 'one after the other'),
  word(
    '(?<!there )(?:is|are|was|were) (?:no(?! (?:longer|more))|none)',
    'is not a, does not have, there is no',
  ),
  word('(?:is|are|be) gone on with', 'is resumed'),
  word('goes? on (?:with|to)|went on', 'continue'),
  word('takes? (?:it |them |all |everything )?away', 'remove'),
  word('(?:was|were) to be', 'name who does what'),
  word("(?:the )?seeds[’']?", 'what the reader knows it by: multiarch, or the QEMU script'),
  word('goes without', 'omit'),
  word('carr(?:y|ies|ied) (?!out)', 'contain, or have'),
  word('lies? (?:in|below|under|on)', 'is in, is below'),
  word('for (?:it|they|he|she) (?:is|are|was|has|have|takes?)', 'because'),
  word('by itself', 'automatically, or alone'),
  word('save for|save that', 'except'),
  word('wherein|whereof|thereof|therein|hence|thus|hereby', 'say it with a shorter sentence'),
];

function word(pattern: string, better: string): Word {
  return { found: new RegExp(`(?<![\\w-])(?:${pattern})(?![\\w-])`, 'gi'), better };
}

/** The patterns that are counted, in whole files: comments and names in code too. */
export const PATTERNS = {
  'P1 tell, told': /tells?|told/gi,
  'P2 a clause for a subject': /(?<=^|[.;] |^[#*/ |-]+)(?:What|Who|Whoever|Whatever)\b(?![^.!?]*\?)/gm,
  'P3 passive riddle':
    /\b(?:was|were) to be\b|\bgone on with\b|\bto be had\b|\b(?:is|are) (?:said|told) so\b|\bthat (?:is|are|was) asked for\b/gi,
  'P4 is no, is none of': /\b(?:is|are|was|were) (?:no (?!longer\b|more\b)|none\b)/gi,
  'P5 archaic connective':
    /\b(?:anew|at hand|mend(?:s|ed|ing)?|but for|besides|all the same|just so|in turn|goes without)\b/gi,
} as const satisfies Record<string, RegExp>;

/** A sentence of more words than this is two. */
export const LONGEST = 45;
