import { commandFor } from './gate.ts';
import { failuresOf, type Place, type Results } from './results.ts';

/** The text of a bug report for each failure of a case: versions, the command, what was expected, what came. */
export function bugReport(results: Results, name: string): string {
  const places = failuresOf(results).filter((one) => one.case === name);
  if (places.length === 0) return `${name} does not fail in this run: there is nothing to report`;
  const [first] = places;
  return [
    `Title: qemu-${first?.guest}: ${results.cases[name]}: ${first?.outcome}`,
    '',
    `Host: ${results.machine}`,
    `Guest program: ${results.programs}; tools/src/conformance/programs, case ${name} (${results.cases[name]})`,
    'Expected: the check ends with status 0, as it does on the host itself.',
    '',
    'Got:',
    ...places.map(line),
    '',
    'Versions in which it passes:',
    ...passing(results, name).map((one) => `- ${one}`),
    '',
    `Reproduce: ${commandFor(places[0] as Place)}`,
  ].join('\n');
}

const line = ({ version, target, kind, outcome, detail }: Place) =>
  `- QEMU ${version}, ${target} (${kind}): ${outcome}: ${detail}`;

function passing({ columns }: Results, name: string): string[] {
  const found = columns.flatMap(({ version, rows }) => {
    const well = rows.filter(({ kind, others }) => kind !== 'probe' && others[name] === undefined);
    return well.length === 0
      ? []
      : [`QEMU ${version}: ${well.map(({ target, kind }) => `${target} ${kind}`).join(', ')}`];
  });
  return found.length > 0 ? found : ['none of these'];
}
