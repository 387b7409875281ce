/** One way to alter a line of shell: whatever the pattern finds becomes the replacement, one place at a time. */
export interface Operator {
  readonly name: string;
  readonly pattern: RegExp;
  readonly replacement: string;
}

/** Words that begin a line and are no call of a command. */
const KEYWORDS =
  'case|do|done|elif|else|esac|exec|exit|fi|for|if|in|local|return|set|shift|then|trap|until|while';

/**
 * Faults that people make in shell: a condition the other way round, a limit that is off by one, a status that says
 * the opposite, a line or a branch that is gone.
 */
export const OPERATORS: readonly Operator[] = [
  { name: 'and is or', pattern: / && /g, replacement: ' || ' },
  { name: 'or is and', pattern: / \|\| /g, replacement: ' && ' },
  {
    name: 'negation is gone',
    pattern: /(?<=\[ |\bif |\belif |\buntil |\bwhile |^\t+|&& |\|\| )! /g,
    replacement: '',
  },
  { name: 'condition is negated', pattern: /(?<=^\t*(?:if|elif|until|while) )(?=[^!r])/g, replacement: '! ' },
  { name: 'less is less or equal', pattern: / -lt /g, replacement: ' -le ' },
  { name: 'less or equal is less', pattern: / -le /g, replacement: ' -lt ' },
  { name: 'greater is greater or equal', pattern: / -gt /g, replacement: ' -ge ' },
  { name: 'greater or equal is greater', pattern: / -ge /g, replacement: ' -gt ' },
  { name: 'early end is gone', pattern: /\breturn 0\b/g, replacement: ':' },
  { name: 'failure is success', pattern: /\breturn 1\b/g, replacement: 'return 0' },
  { name: 'yes is no', pattern: /(?<==)yes\b/g, replacement: 'no' },
  { name: 'no is yes', pattern: /(?<==)no\b/g, replacement: 'yes' },
  { name: 'plus is minus', pattern: /(?<=\$\(\(.*) \+ /g, replacement: ' - ' },
  { name: 'minus is plus', pattern: /(?<=\$\(\(.*) - /g, replacement: ' + ' },
  {
    name: 'call is gone',
    pattern: new RegExp(`(?<=^\\t+)(?!(?:${KEYWORDS})\\b)[a-z][a-z_]*(?: [^=;&|{}()]*)?$`, 'g'),
    replacement: ':',
  },
  // A label that no word equals.
  {
    name: 'branch is never taken',
    pattern: /(?<=^\t+)(?!\*\))(?:'[^']*'|[^\s()#'";=]+)(?= ?\| [^()]*\)|\))/g,
    replacement: "'no such word'",
  },
];
