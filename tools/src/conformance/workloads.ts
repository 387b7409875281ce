import { START } from './cases.ts';
import type { DebianName } from './debians.ts';

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
  /** The one that it runs in. */
  readonly debian: DebianName;
  /** Its seconds are kept. */
  readonly work: boolean;
  /** It needs that packages are configured, which takes longest: `apt-configure` runs before it. */
  readonly configured: boolean;
}

const workload = (name: string, what: string, script: string, more: Partial<Workload> = {}): Workload => ({
  ...{ name, what, flags: 'F', limit: 900, configured: false, debian: 'tools', work: true },
  script: `set -eu\n${script.trim()}`,
  ...more,
});

/** If it fails, no other is tried. */
export const BEGIN = workload(START.name, 'a shell of the Debian begins, and ends with a status', 'exit 0', {
  work: false,
});

/** In the order in which they run; all see what those before them left. */
export const WORKLOADS: readonly Workload[] = [
  workload(
    'apt-configure',
    'dpkg configures all packages, with the triggers of libc-bin, man-db and ca-certificates',
    'dpkg --force-unsafe-io --configure -a\ntest -s /etc/ssl/certs/ca-certificates.crt',
    { limit: 3600, debian: 'system' },
  ),
  workload(
    'apt-install',
    'apt-get installs packages again, with the triggers of libc-bin, man-db and ca-certificates',
    'apt-get -o APT::Sandbox::User=root install --yes --reinstall --no-download --no-install-recommends libc-bin ca-certificates man-db',
    { configured: true, debian: 'system' },
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
    'node',
    'node: compiled loops, worker threads, a child process, compression, a server and its client',
    `cat > /tmp/a.js <<'END'
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const { execFileSync } = require('node:child_process');
const { gzipSync, gunzipSync } = require('node:zlib');
const http = require('node:http');
const assert = require('node:assert');
const work = n => { let sum = 0; for (let i = 0; i < 3e6; i++) sum = (sum * 31 + i * n) % 1000003; return sum; };
if (!isMainThread) parentPort.postMessage(work(workerData));
else (async () => {
  const found = await Promise.all([1, 2, 3, 4].map(workerData => new Promise((resolve, reject) =>
    new Worker(__filename, { workerData }).on('message', resolve).on('error', reject))));
  assert.deepEqual(found, [1, 2, 3, 4].map(work));
  const text = JSON.stringify(Array.from({ length: 5000 }, (_, n) => ({ n, sum: createHash('sha256').update(String(n)).digest('hex') })));
  assert.equal(gunzipSync(gzipSync(text)).toString(), text);
  assert.equal(String(execFileSync(process.execPath, ['-p', '6 * 7'])).trim(), '42');
  const server = http.createServer((_, answer) => answer.end(text)).listen(0, '127.0.0.1', async () => {
    const got = await fetch('http://127.0.0.1:' + server.address().port).then(answer => answer.text());
    assert.equal(got, text);
    process.exit();
  });
})();
END
node /tmp/a.js`,
    { debian: 'node', limit: 1800 },
  ),
  workload(
    'npm',
    'npm packs a package and installs it from its tarball',
    `export npm_config_update_notifier=false npm_config_audit=false npm_config_fund=false
mkdir -p /tmp/twice /tmp/user; cd /tmp/twice
echo '{ "name": "twice", "version": "1.0.0" }' > package.json
echo 'module.exports = n => 2 * n;' > index.js
npm pack --silent
cd /tmp/user; echo '{ "name": "user", "version": "1.0.0" }' > package.json
npm install --silent --offline ../twice/twice-1.0.0.tgz
test "$(node -p 'require("twice")(21)')" = 42`,
    { debian: 'node', limit: 1800 },
  ),
  workload(
    'go',
    'go builds a program with goroutines, again from its cache, and runs it',
    `export GOCACHE=/tmp/cache GOPATH=/tmp/path GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0
mkdir -p /tmp/twice; cd /tmp/twice
printf 'module twice\\n\\ngo 1.19\\n' > go.mod
cat > main.go <<'END'
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
)

func main() {
	var group sync.WaitGroup
	numbers := make(chan int)
	for n := 0; n < 64; n++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			defer func() { recover() }()
			text := []string{}
			for i := 0; i < 500; i++ {
				text = append(text, fmt.Sprint(i))
			}
			runtime.Gosched()
			numbers <- len(text)
			panic(n)
		}(n)
	}
	go func() { group.Wait(); close(numbers) }()
	sum := 0
	for n := range numbers {
		sum += n
	}
	runtime.GC()
	if sum != 64*500 {
		os.Exit(1)
	}
}
END
go build -o one
go build -o two
for i in $(seq 5); do ./one; ./two; done`,
    { debian: 'go', limit: 3600 },
  ),
  workload(
    'java',
    'javac compiles a program with threads and exceptions, java runs it',
    `cat > /tmp/Work.java <<'END'
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
public class Work {
  static long sum(int n) { return IntStream.range(0, 20000).mapToLong(i -> (long) i * n % 7).sum(); }
  public static void main(String[] words) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(4);
    List<Future<Long>> found = new ArrayList<>();
    for (int n = 0; n < 64; n++) { int own = n; found.add(pool.submit(() -> sum(own))); }
    for (int n = 0; n < 64; n++) if (found.get(n).get() != sum(n)) System.exit(1);
    pool.shutdown();
    int caught = 0;
    for (int n = 0; n < 1000; n++) try { String none = n % 2 == 0 ? null : ""; none.length(); } catch (NullPointerException error) { caught++; }
    if (caught != 500) System.exit(2);
    System.gc();
    System.out.println(IntStream.rangeClosed(1, 6).boxed().collect(Collectors.toMap(n -> n, n -> n * 7)).get(6));
  }
}
END
cd /tmp; PATH=/usr/lib/jvm/default-java/bin:$PATH
javac Work.java
test "$(java Work)" = 42`,
    { debian: 'java', limit: 3600 },
  ),
  workload(
    'rust',
    'rustc compiles and runs a program with threads and a panic',
    `cat > /tmp/a.rs <<'END'
use std::collections::HashMap;
use std::sync::{mpsc, Arc, Mutex};
use std::thread;
fn main() {
    let found = Arc::new(Mutex::new(HashMap::new()));
    let (send, receive) = mpsc::channel();
    let threads: Vec<_> = (0..16u64).map(|n| {
        let (found, send) = (Arc::clone(&found), send.clone());
        thread::spawn(move || {
            found.lock().unwrap().insert(n, (0..1000).map(|i| i * n).sum::<u64>());
            send.send(n).unwrap();
        })
    }).collect();
    drop(send);
    for one in threads { one.join().unwrap(); }
    assert_eq!(receive.iter().sum::<u64>(), 120);
    assert_eq!(found.lock().unwrap()[&2], 999000);
    assert!(thread::spawn(|| { panic!("expected") }).join().is_err());
}
END
rustc -O -C linker=gcc -o /tmp/a /tmp/a.rs
for i in $(seq 5); do /tmp/a 2>/tmp/said; done`,
    { debian: 'rust', limit: 3600 },
  ),
  workload(
    'musl',
    'musl: a program with threads, a child and pipes, by its dynamic loader and static',
    `cat > /tmp/a.c <<'END'
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile sig_atomic_t got;
static void handle(int number) { got = number; }
static void *twice(void *p) { int *own = malloc(sizeof *own); *own = *(int *)p * 2; return own; }
int main(void) {
    int n = 21, status = 1, *found; pthread_t thread; char text[8] = "";
    for (int i = 0; i < 200; i++) {
        if (pthread_create(&thread, 0, twice, &n) || pthread_join(thread, (void **)&found) || *found != 42) return 1;
        free(found);
    }
    signal(SIGUSR1, handle); raise(SIGUSR1);
    if (got != SIGUSR1) return 2;
    pid_t child = fork();
    if (child == 0) _exit(7);
    if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7) return 3;
    FILE *pipe = popen("seq 40 | sort -n | tail -n 1", "r");
    if (!fgets(text, sizeof text, pipe) || pclose(pipe) || atoi(text) != 40) return 4;
    return system("test 1 = 1");
}
END
musl-gcc -O2 -o /tmp/dynamic /tmp/a.c
musl-gcc -O2 -static -o /tmp/static /tmp/a.c
for i in $(seq 20); do /tmp/dynamic; /tmp/static; done`,
    { debian: 'musl' },
  ),
  workload(
    'sudo',
    'sudo by a user who is not root; with flag C',
    `printf 'root:*:0:0::/root:/bin/sh\\nguest:*:1234:1234::/tmp:/bin/sh\\n' > /etc/passwd
printf 'root:*:0:\\nguest:*:1234:\\n' > /etc/group
for kind in auth account session password; do echo "$kind sufficient pam_permit.so"; done | tee /etc/pam.d/sudo > /etc/pam.d/other
echo 'guest ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/guest
test "$(setpriv --reuid=1234 --regid=1234 --clear-groups sudo -n id -u)" = 0`,
    { flags: 'OCF', debian: 'sudo' },
  ),
];
