/** By part of the script, the tests that are about it; those that notice the most come first. */
const NEAREST: Readonly<Record<string, readonly string[]>> = {
  'registering/00-settings.sh': [
    'environment',
    'multiarch',
    'install',
    'export',
    'foreign',
    'kept',
    'concurrency',
  ],
  'registering/10-messages.sh': ['reports', 'render', 'faults'],
  'registering/20-options.sh': ['render', 'options', 'multiarch', 'install', 'reports', 'kept', 'export'],
  'registering/30-guests.sh': ['install', 'foreign-image', 'options', 'render', 'multiarch', 'faults'],
  'registering/40-mount.sh': ['mount-faults', 'container-mount', 'faults', 'reports'],
  'registering/50-entries.sh': ['entries', 'kept', 'reports', 'faults'],
  'registering/60-lock.sh': ['concurrency', 'faults'],
  'registering/70-plan.sh': ['kept', 'entries', 'install', 'foreign-image', 'faults', 'options'],
  'registering/80-change.sh': ['faults', 'concurrency', 'kept'],
  'registering/90-main.sh': [
    'options',
    'multiarch',
    'install',
    'faults',
    'export',
    'concurrency',
    'reports',
    'render',
    'container-mount',
  ],
  'reporting/10-probes.sh': ['verify', 'kept', 'reports'],
  'reporting/15-export.sh': ['export', 'export-faults'],
  'reporting/20-status.sh': ['reports', 'status-probes', 'kept', 'install'],
  'reporting/30-verify.sh': ['verify', 'reports'],
  'reporting/40-doctor.sh': ['doctor', 'reports', 'mount-faults', 'foreign-image'],
  'reporting/50-usage.sh': ['render', 'multiarch'],
  'reporting/90-main.sh': ['verify', 'reports', 'export', 'multiarch'],
};

/** Tests from the root of the repository. @param part of apps/register/src/script */
export function testsNearestTo(part: string): string[] {
  const names = NEAREST[part];
  if (names === undefined) throw new Error(`name the tests of ${part} in tools/src/mutants/shell/nearest.ts`);
  return names.map((name) => `apps/register/src/${name}.test.ts`);
}
