// A clock for calls that wait: /proc/uptime is a file that stands until a test sets it, and its time of access says
// whether a call has looked at it. So no test waits for a while that may be too short on a busy machine.

/** Where the clock is on a machine that has one. */
const FILE = '/mnt/uptime';

/** Lines for `openNamespace`: /proc/uptime stands at that second. /mnt is a folder of the test's own. */
export const clockAt = (second: number) =>
  `mount -t tmpfs -o strictatime tmpfs /mnt; echo ${second}.00 0 >${FILE}; mount --bind ${FILE} /proc/uptime`;

/** Lines that set it. It is not cut off first: a call may read it at any time. */
export const setClock = (second: number, file = FILE) => `echo ${second}.00 0 1<>${file}`;

/** Lines after which `untilRead` waits for the next call that looks at the clock. */
export const watchClock = (file = FILE) => `touch -a -d @0 ${file}`;

/** Lines that end when a call has begun to look at the clock since `watchClock`. */
export const untilRead = (file = FILE) => `until [ "$(stat -c %X ${file})" -gt 0 ]; do sleep 0.02; done`;

/** Lines that end when a call that waits has looked at the clock, and has done what it does at such a time. */
export const oneRound = (file = FILE) =>
  [watchClock(file), untilRead(file), watchClock(file), untilRead(file)].join('; ');
