/** One challenge of a WWW-Authenticate header. Scheme and names of parameters are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
// `name=value` or `name="quoted \" value"`, with the comma that may follow
const PARAMETER = new RegExp(`^\\s*(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))\\s*(?:,|$)`);
// A scheme ends at a space, a comma or the end. Its token68 (`Negotiate YII=`) means nothing to a registry.
const SCHEME = new RegExp(`^[\\s,]*(${TOKEN})(?:[ \\t]+|(?=,)|$)(?:[A-Za-z0-9._~+/-]+=*\\s*(?:,|$))?`);

/**
 * The challenges of a WWW-Authenticate header, which may hold several, or be sent several times (then
 * joined with commas). The list ends at text that is not a challenge. RFC 9110, section 11.6.1.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header;
  for (let scheme = SCHEME.exec(rest); scheme; scheme = SCHEME.exec(rest)) {
    rest = rest.slice(scheme[0].length);
    const parameters: Record<string, string> = {};
    for (let found = PARAMETER.exec(rest); found; found = PARAMETER.exec(rest)) {
      const [all, name = '', quoted, plain = ''] = found;
      parameters[name.toLowerCase()] = quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1');
      rest = rest.slice(all.length);
    }
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters });
  }
  return challenges;
}
