/** A behaviour that tonistiigi/binfmt's own tests ask for, as this project checks it. */
export interface ExecCheck {
  /** As those tests name it. */
  readonly name: string;
  /** What is asked, in our words. */
  readonly what: string;
  /**
   * Lines of shell. `./sh`, `./cat`, `./env` and `./program` are all busybox of one CPU, which goes by argv[0], in the
   * current folder; $here is that folder. /proc/self/cmdline is the words that a program was started with.
   */
  readonly lines: string;
}

const SELF = '/proc/self/cmdline';

/** test/test.bats and test/argv0_test.go: how one program starts another. */
export const EXEC_CHECKS: readonly ExecCheck[] = [
  {
    name: 'exec-single, TestArgv0',
    what: 'a program starts a file under another name',
    lines: `./sh -c 'exec -a cat ./program ${SELF} one two'`,
  },
  {
    name: 'exec-multi',
    what: 'a program that was started so does the same',
    lines: `./sh -c 'exec -a sh ./program -c "exec -a cat ./program ${SELF} one"'`,
  },
  {
    name: 'exec-multi-abs',
    what: 'the same with absolute paths',
    lines: `./sh -c "exec -a sh $here/program -c 'exec -a cat $here/program ${SELF} one'"`,
  },
  {
    name: 'exec-multi-path',
    what: 'the file is found in PATH',
    lines: `PATH=$here:$PATH ./sh -c 'exec -a cat program ${SELF} one'`,
  },
  {
    name: 'TestArgv0',
    what: 'a program starts itself by /proc/self/exe under another name',
    lines: `./sh -c 'exec -a cat /proc/self/exe ${SELF} one two'`,
  },
  {
    name: 'exec-direct',
    what: 'this machine’s shell starts a program in PATH',
    lines: `PATH=$here cat ${SELF} one`,
  },
  {
    name: 'exec-direct-abs',
    what: 'this machine’s shell starts a program by its path',
    lines: `"$here/cat" ${SELF} one`,
  },
  {
    name: 'shebang',
    what: 'a script whose first line has a relative path and an argument',
    lines: `./sh -c './relative one'`,
  },
  {
    name: 'shebang-arg',
    what: 'the same, started under another name',
    lines: `./sh -c 'exec -a other ./relative one'`,
  },
  {
    name: 'shebang-abs',
    what: 'a script whose first line has an absolute path',
    lines: `./sh -c './absolute one'`,
  },
  { name: 'shebang-multi', what: 'a script that is run by a script', lines: `./sh -c './nested one'` },
  { name: 'shebang-direct', what: 'this machine’s shell starts a script', lines: './relative one two' },
  {
    name: 'relative-exec',
    what: '`env` starts a program by a relative path',
    lines: `./sh -c 'exec ./env ./cat ${SELF} one two'`,
  },
  {
    name: 'path-based-exec',
    what: '`env` starts a program that is found in PATH',
    lines: `PATH=$here:$PATH ./sh -c 'exec ./env cat ${SELF} one two'`,
  },
  { name: 'shebang-path', what: 'a script of `env`', lines: `./sh -c './by-env one two'` },
  {
    name: 'shebang-path-shell',
    what: 'a script of a shell, which starts a program by a relative path',
    lines: `./sh -c './by-shell one two'`,
  },
  {
    name: 'shell-command-relative',
    what: 'a shell started by `env` starts a script by a relative path',
    lines: `./env ./sh -c './by-env one two'`,
  },
  {
    name: 'shell-command-relative-nested',
    what: 'the same with a script of a shell',
    lines: `./env ./sh -c './by-shell one two'`,
  },
  {
    name: 'change-workdir',
    what: 'a program changes its folder, and then starts one by a relative path',
    lines: `(cd / && "$here/sh" -c "cd $here && exec ./cat ${SELF} one")`,
  },
];

/** Lines that make the folder of these programs and scripts. $1 is the folder, $2 the busybox. */
export const EXEC_FOLDER = `mkdir "$1" && cd "$1" && here=$PWD
for name in sh cat env program; do cp "$2" "$name"; done
printf '#!./cat ${SELF}\\n' >relative
printf '#!%s/cat ${SELF}\\n' "$here" >absolute
printf '#!%s/absolute\\n' "$here" >nested
printf '#!%s/env ./relative\\n' "$here" >by-env
printf '#!%s/sh\\nexec ./cat ${SELF} "$@"\\n' "$here" >by-shell
chmod 755 relative absolute nested by-env by-shell`;
