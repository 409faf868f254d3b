/** The command line as people who sign in run it, and what they order; beside `cli.test.ts`, so that both run at once. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, inject } from 'vitest';
import { type Local, newPerson, startLocal } from '../support/cli.ts';
import { variantOf } from '../support/variant.ts';
import { describeCommands } from './cli/commands.ts';
import { describePeople } from './cli/people.ts';
import { callbackAt, describeSignIn } from './cli/sign-in.ts';

const person = newPerson();
let variant: ReturnType<typeof variantOf>;
let callbackPort: number;
let gateway: Local;
beforeAll(async () => {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  callbackPort = (server.address() as { port: number }).port;
  server.close();
  variant = variantOf(inject('assembly'), callbackAt(callbackPort));
  gateway = await startLocal(person, ['--app', variant.folder, '--port-base', '0', '--fleet', '3']);
});
afterAll(() => {
  gateway.process.kill('SIGKILL');
  variant[Symbol.dispose]();
  person[Symbol.dispose]();
});

describeCommands(() => ({ gateway, callbackPort }));
describeSignIn(() => ({ gateway, callbackPort }));
describePeople(() => ({ gateway, callbackPort }));
