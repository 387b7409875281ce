import { openNamespace } from '../namespace.ts';
import { stopOnSignals } from '../stop.ts';

// A run that does not end by itself, with a word by which its processes are found: `run-forever.ts SECONDS`.
const [seconds = ''] = process.argv.slice(2);
stopOnSignals();
try {
  await using space = await openNamespace([]);
  const running = space.run(['sleep', seconds], { folder: '/tmp', limit: 600, user: 1000 });
  console.log('running');
  await running;
} catch (error) {
  console.log((error as Error).message);
}
