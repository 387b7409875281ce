/** What people do in containers of another CPU: lines of sh, as root of a small Debian. */
export interface Workload {
  readonly name: string;
  /** What it does, in a few words. */
  readonly what: string;
  /** Letters of the registration. */
  readonly flags: string;
  /** Seconds after which it counts as hung. */
  readonly limit: number;
  readonly script: string;
  /** It needs that packages are configured, which takes longest: `apt-configure` runs before it. */
  readonly configured: boolean;
}

/** Packages that they need beside the essential ones. None is configured before the first workload does that; most need no more than their files. */
export const PACKAGES: readonly string[] = [
  ...['usr-is-merged', 'apt', 'sudo', 'busybox-static', 'ca-certificates', 'man-db'],
  ...['g++', 'git', 'perl', 'python3', 'python3-venv'],
];

const workload = (name: string, what: string, script: string, more: Partial<Workload> = {}): Workload => ({
  ...{ name, what, flags: 'F', limit: 900, configured: false },
  script: `set -eu\n${script.trim()}`,
  ...more,
});

/** In the order in which they run; all see what those before them left. */
export const WORKLOADS: readonly Workload[] = [
  workload(
    'apt-configure',
    'dpkg configures all packages, with the triggers of libc-bin, man-db and ca-certificates',
    'dpkg --force-unsafe-io --configure -a\ntest -s /etc/ssl/certs/ca-certificates.crt',
    { limit: 1800 },
  ),
  workload(
    'apt-install',
    'apt-get installs packages again, with the triggers of libc-bin and ca-certificates',
    'apt-get -o APT::Sandbox::User=root install --yes --reinstall --no-download --no-install-recommends libc-bin ca-certificates',
    { configured: true },
  ),
  workload(
    'gcc',
    'gcc compiles and runs a C program',
    `cat > /tmp/a.c <<'END'
#include <stdio.h>
#include <pthread.h>
static void *twice(void *p) { *(int *)p *= 2; return p; }
int main(void) { int n = 21; pthread_t t; pthread_create(&t, 0, twice, &n); pthread_join(t, 0); return printf("%d\\n", n) != 3; }
END
gcc -O2 -pthread -o /tmp/a /tmp/a.c
test "$(/tmp/a)" = 42`,
  ),
  workload(
    'g++',
    'g++ compiles and runs a program with threads and exceptions',
    `cat > /tmp/b.cc <<'END'
#include <iostream>
#include <map>
#include <mutex>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
int main() {
  std::mutex lock; std::map<int, std::string> found; std::vector<std::thread> threads;
  for (int n = 0; n < 16; n++) threads.emplace_back([&, n] {
    for (int round = 0; round < 200; round++)
      try { throw std::runtime_error(std::to_string(n)); }
      catch (const std::exception &error) { std::lock_guard<std::mutex> held(lock); found[n] = error.what(); }
  });
  for (auto &thread : threads) thread.join();
  for (int n = 0; n < 16; n++) if (found[n] != std::to_string(n)) return 1;
  return std::regex_match("qemu-11.1", std::regex("qemu-[0-9.]+")) ? 0 : 2;
}
END
g++ -O1 -pthread -o /tmp/b /tmp/b.cc
for i in $(seq 5); do /tmp/b; done`,
  ),
  workload(
    'python',
    'python3: venv, compileall, a pool of processes, threads',
    `python3 -m venv --without-pip /tmp/venv
python3 -m compileall -q -f -j 2 /usr/lib/python3*/json /usr/lib/python3*/email
cat > /tmp/pool.py <<'END'
import hashlib, json, multiprocessing, threading
def work(n):
    return hashlib.sha256(str(n).encode() * 1000).hexdigest()
if __name__ == '__main__':
    with multiprocessing.Pool(4) as pool:
        found = pool.map(work, range(64))
    assert found == [work(n) for n in range(64)]
    threads = [threading.Thread(target=work, args=(n,)) for n in range(32)]
    [t.start() for t in threads]; [t.join() for t in threads]
    assert json.loads(json.dumps(found)) == found
END
/tmp/venv/bin/python /tmp/pool.py`,
  ),
  workload(
    'perl',
    'perl: regular expressions, fork, sorting',
    `perl -MDigest::SHA=sha256_hex -e 'my @w = map { sha256_hex($_) } 1..5000; my @s = sort @w; die unless @s == 5000;
my $n = 0; for (@w) { $n++ while /[0-9]{3}/g } die unless $n > 1000; for (1..10) { my $p = fork; exit 7 if !$p; waitpid $p, 0; die $? if $? >> 8 != 7 }'`,
  ),
  workload(
    'git',
    'git: commits, clone of a local repository, fsck',
    `export HOME=/tmp GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@a
git init -q /tmp/one; cd /tmp/one
for i in $(seq 10); do seq $i 1000 > file; git add file; git commit -qm $i; done
git clone -q --no-local /tmp/one /tmp/two; cd /tmp/two
test "$(git rev-list --count HEAD)" = 10; git fsck; git gc -q`,
  ),
  workload(
    'shells',
    'bash and a static busybox: pipes, substitution, traps, jobs',
    `bash -c 'set -e; n=0; for i in $(seq 50); do n=$((n + $(echo $i | wc -c))); done; test $n = 141; trap "echo got" USR1; kill -USR1 $$
for i in 1 2 3 4; do sleep 0.1 & done; wait; diff <(seq 5) <(seq 5)'
busybox sh -c 'test "$(seq 100 | busybox sort -n | busybox tail -n 1)" = 100; busybox tar -c /etc/passwd 2>/dev/null | busybox gzip | busybox zcat | busybox tar -t >/dev/null'`,
  ),
  workload(
    'sudo',
    'sudo by a user who is not root; with flag C',
    `id guest 2>/dev/null || useradd --create-home guest
echo "guest ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/guest
test "$(setpriv --reuid=guest --regid=guest --clear-groups sudo -n id -u)" = 0`,
    { flags: 'OCF', configured: true },
  ),
];
