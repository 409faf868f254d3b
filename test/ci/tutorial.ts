/**
 * Does what `docs/tutorial.md` says, command by command, and compares what is printed with what stands there. Times,
 * identifiers, hashes, passwords and addresses may differ; an identifier that a command is given is the one that came before.
 * Run with the folder of a synthesized assembly; `--write` puts what is printed into the document.
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { callbackAt } from '../flow/cli/sign-in.ts';
import { fillForm } from '../support/browser.ts';
import { newPerson, type Person, startLocal } from '../support/cli.ts';
import { variantOf } from '../support/variant.ts';

const [assembly, mode] = process.argv.slice(2);
if (assembly === undefined) throw new Error('name the folder of the assembly');
const DOCUMENT = fileURLToPath(new URL('../../docs/tutorial.md', import.meta.url));

/** Where the browser comes back to: the port of the settings may be taken. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
};
const callbackPort = await freePort();

/** What differs from run to run, each kind with its name. */
const VARIABLE: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g, 'TIME'],
  [/\b[0-7][0-9a-hjkmnp-tv-z]{25}\b/g, 'COMMAND'],
  [/\b[0-9a-f]{64}\b/g, 'HASH'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'REQUEST'],
  [/\b[0-9a-f]{32}\b/g, 'TRACE'],
  [/\bentry \d+ of chain \d+\b/g, 'entry N of chain N'],
  [/\bentry \d+:/g, 'entry N:'],
  [/temporary password \S+\./g, 'temporary password PASSWORD.'],
  [/http:\/\/127\.0\.0\.1:\d+\S*/g, 'ADDRESS'],
  [/127\.0\.0\.1/g, 'HOST'],
  [/-p \d+/g, '-p PORT'],
  [/ +/g, ' '],
  [/ +$/gm, ''],
];
const plain = (text: string): string =>
  VARIABLE.reduce((now, [pattern, name]) => now.replace(pattern, name), text.trim());

/** Identifiers in the order in which they stand. */
const COMMAND = /\b[0-7][0-9a-hjkmnp-tv-z]{25}\b/g;

using variant = variantOf(assembly, callbackAt(callbackPort));
using host = newPerson();
const gateway = await startLocal(host, [
  '--app',
  variant.folder,
  '--port-base',
  '0',
  '--no-people',
  '--fleet',
  '6',
]);
const { line } = gateway;
const people = new Map<string, { readonly person: Person; env: Record<string, string> }>();
const computerOf = (name: string) => {
  const known = people.get(name);
  if (known !== undefined) return known;
  const made = { person: newPerson({ LABGATE_TARGET: line.target }), env: {} };
  people.set(name, made);
  return made;
};

const passwords = new Map<string, string>();
const text = readFileSync(DOCUMENT, 'utf8');
/** Identifiers of the document that nothing printed stands for yet, in their order. */
const told = [...new Set(text.match(COMMAND))];
/** Real identifiers by those of the document. */
const known = new Map<string, string>();
const real = (text: string): string =>
  [...known]
    .reduce((now, [told, is]) => now.replaceAll(told, is), text)
    .replaceAll('http://127.0.0.1:4566', line.aws)
    .replaceAll('CREDENTIALS', line.credentials);

/** Signs in as a person does who was just invited: with the password of the mail, and one of their own. */
const login = async (name: string): Promise<string> => {
  const { person, env } = computerOf(name);
  const child = person.start(['login', '--port', String(callbackPort)], { env });
  let said = '';
  const asked = new Promise<string>((resolve) => {
    child.stderr?.on('data', (part: Buffer) => {
      said += part.toString();
      const [address] = /http\S+/.exec(said) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
  const ended = once(child, 'close');
  const address = await Promise.race([asked, ended.then(() => Promise.reject(new Error(said)))]);
  const back = await fillForm(address, {
    username: name,
    password: passwords.get(name) ?? '',
    newPassword: `Correct-horse-7-${name}`,
    callbackUrl: `http://localhost:${callbackPort}/callback`,
  });
  await fetch(back);
  await ended;
  return said;
};

const run = async (name: string, command: string): Promise<string> => {
  const computer = computerOf(name);
  if (command.startsWith('export ')) {
    for (const [, variable = '', value = ''] of command.matchAll(/(\w+)=(\S+)/g))
      computer.env = { ...computer.env, [variable]: real(value) };
    return '';
  }
  if (command === 'labgate login') return await login(name);
  const { stdout, stderr } = await computer.person.bash(
    `${Object.entries(computer.env)
      .map(([variable, value]) => `export ${variable}='${value}'; `)
      .join('')}${real(command)}`,
  );
  const [, user, password] = /user name is ([\w.-]+), .*temporary password (\S+)\. /s.exec(stdout) ?? [];
  if (user !== undefined && password !== undefined) passwords.set(user, password);
  return stderr + stdout;
};

let wrong = 0;
let commands = 0;
const blocks: string[] = [];
try {
  // What is not within ```console stays as it is.
  for (const part of text.split(/(?<=```console\n)|(?=^```$)/m)) {
    if (!blocks.at(-1)?.endsWith('```console\n')) {
      blocks.push(part);
      continue;
    }
    let written = '';
    for (const step of part.split(/^(?=\w+\$ )/m)) {
      const [, name = '', command = '', wanted = ''] = /^(\w+)\$ ([^\n]*)\n?([\s\S]*)$/.exec(step) ?? [];
      commands += 1;
      const printed = await run(name, command);
      const [expected, got] = [plain(wanted), plain(printed)];
      const isSame = expected === got || mode === '--write';
      console.log(`${isSame ? 'ok' : 'NOT OK'}  ${name}$ ${command}`);
      if (!isSame) {
        wrong += 1;
        console.log(`--- in the document\n${expected}\n--- printed\n${got}\n---`);
      }
      for (const id of printed.match(COMMAND) ?? [])
        if (![...known.values()].includes(id)) known.set(told.shift() ?? id, id);
      const shown = [...known]
        .reduce((now, [id, is]) => now.replaceAll(is, id), printed)
        .replaceAll(line.credentials, 'CREDENTIALS')
        .replaceAll(line.aws, 'http://127.0.0.1:4566')
        .replaceAll(`localhost%3A${callbackPort}`, 'localhost%3A8976')
        .replaceAll(line.issuer, 'http://127.0.0.1:9229')
        .trim();
      written += `${name}$ ${command}\n${shown === '' ? '' : `${shown}\n`}`;
    }
    blocks.push(written);
  }
} finally {
  gateway.process.kill('SIGKILL');
  for (const { person } of people.values()) person[Symbol.dispose]();
}
if (mode === '--write') writeFileSync(DOCUMENT, blocks.join(''));
if (commands < 15) throw new Error(`the tutorial has ${commands} commands only`);
if (wrong > 0) process.exitCode = 1;
