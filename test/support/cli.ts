/** The command line as people and scripts run it: processes, their output and their exit codes. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const LABGATE = fileURLToPath(new URL('../../bin/labgate.js', import.meta.url));

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `labgate local --json` prints. */
export interface LocalLine {
  readonly page: string;
  readonly api: string;
  readonly mqtt: string;
  readonly aws: string;
  readonly issuer: string;
  readonly credentials: string;
  readonly target: string;
  readonly token: string;
  readonly fleet: readonly string[];
}

export interface Local {
  readonly process: ChildProcess;
  readonly line: LocalLine;
}

interface Where {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A person at a terminal: a home and a folder of their own, that go away with `using`. */
export interface Person extends Disposable {
  /** Where commands run. */
  readonly folder: string;
  /** What the commands have for temporary files. */
  readonly temporary: string;
  readonly home: string;
  /** Runs a command to its end. */
  run(args: readonly string[], where?: Where): Promise<Result>;
  /** Starts a command that goes on. */
  start(args: readonly string[], where?: Where): ChildProcess;
  /** Runs a line of Bash in which `labgate` is the command. */
  bash(line: string): Promise<Result>;
}

/** @param more environment variables of all commands */
export const newPerson = (more: Readonly<Record<string, string | undefined>> = {}): Person => {
  const root = mkdtempSync(join(tmpdir(), 'labgate-person-'));
  const [folder, temporary, home] = ['folder', 'tmp', 'home'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [folder, temporary, home]) mkdirSync(each);
  const named = Object.keys(process.env).filter((name) => /^(LABGATE|XDG)_/.test(name));
  const environment = {
    ...process.env,
    ...Object.fromEntries(named.map((name) => [name, undefined])),
    HOME: home,
    TMPDIR: temporary,
    NO_COLOR: '1',
    ...more,
  };
  const settled = ({ cwd = folder, env }: Where) => ({ cwd, env: { ...environment, ...env } });
  const maxBuffer = 2 ** 26;
  const finish = (program: string, args: readonly string[], where: Where): Promise<Result> =>
    new Promise((resolve) => {
      execFile(program, args, { ...settled(where), maxBuffer }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  return {
    folder,
    temporary,
    home,
    run: (args, where = {}) => finish(process.execPath, [LABGATE, ...args], where),
    start: (args, where = {}) =>
      spawn(process.execPath, [LABGATE, ...args], { ...settled(where), stdio: ['ignore', 'pipe', 'pipe'] }),
    bash: (line) =>
      finish('bash', ['-c', `labgate() { "${process.execPath}" "${LABGATE}" "$@"; }; ${line}`], {}),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
};

/** Starts a gateway by the command line and waits for its line. */
export const startLocal = async (person: Person, args: readonly string[], cwd?: string): Promise<Local> => {
  const child = person.start(['local', '--json', ...args], cwd === undefined ? {} : { cwd });
  let said = '';
  child.stderr?.on('data', (part: Buffer) => {
    said = `${said}${part.toString()}`.slice(-4000);
  });
  if (child.stdout === null) throw new Error('the gateway has no output');
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`the gateway ended with ${code}: ${said}`)),
    ),
  ])) as [string];
  return { process: child, line: JSON.parse(line) as LocalLine };
};

/** @returns the exit code, or the signal that it died of */
export const stopLocal = async (
  { process: child }: Local,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<unknown> => {
  const ended = once(child, 'exit');
  child.kill(signal);
  const [code, died] = await ended;
  return code ?? died;
};
