/** `labgate local`: the whole application on this computer, from its own synthesized templates. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { AssemblyError } from '../../../local/assembly/errors.ts';
import { FolderInUse } from '../../../local/data-folder.ts';
import type { Gateway } from '../../../local/gateway.ts';
import { PortError, type PortFlags, readPorts } from '../../../local/options.ts';
import type { Log } from '../../../local/types.ts';
import { synthesize } from '../client/synthesize.ts';
import { LOCAL_FOLDER, type Target, UsageError } from '../client/target.ts';
import { print, tell } from './options.ts';
import type { Fleet, LocalFleetOptions } from './simulate.ts';

interface LocalOptions extends PortFlags {
  readonly app: string;
  readonly synth?: boolean;
  readonly stage: string;
  readonly data?: string;
  readonly fleet: number;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

const levels = ['debug', 'info', 'warn', 'error'];

/** Log lines of the gateway as JSON on standard error. */
const logFrom = (least: string): Log => {
  const lowest = levels.indexOf(least);
  return (level, message, fields) => {
    if (levels.indexOf(level) < lowest) return;
    tell(JSON.stringify({ level, time: new Date().toISOString(), message, ...fields }));
  };
};

const clientsFile = z.array(
  z.looseObject({
    name: z.string(),
    clientId: z.string(),
    clientSecret: z.string().optional(),
    userPoolId: z.string(),
  }),
);

/** What other commands need to talk to this gateway. */
const targetOf = (gateway: Gateway): Target => {
  const clients = clientsFile.parse(
    JSON.parse(readFileSync(join(gateway.credentialsDir, 'clients.json'), 'utf8')),
  );
  const people = clients.find(({ clientSecret }) => clientSecret === undefined);
  const { api = '', issuer } = gateway.addresses;
  const pool = clients[0]?.userPoolId;
  return {
    api,
    ...(issuer === undefined || pool === undefined ? {} : { issuer: `${issuer}/${pool}` }),
    peopleClientId: people?.clientId,
    programs: clients.flatMap(({ name, clientId, clientSecret }) =>
      clientSecret === undefined ? [] : [{ name, clientId, clientSecret }],
    ),
  };
};

const describe = (gateway: Gateway, target: Target, targetPath: string, fleet: Fleet | undefined): string => {
  const { api, mqtt, aws, issuer } = gateway.addresses;
  const credentials = gateway.credentialsDir;
  const [device = 'DEVICE'] = fleet?.devices ?? [];
  return [
    'labgate runs on this computer.',
    '',
    `  API            ${api}`,
    `  MQTT over TLS  ${mqtt}`,
    `  AWS endpoint   ${aws}`,
    `  sign-in        ${issuer}`,
    `  credentials    ${credentials}  (users.json, clients.json, ca.pem, aws-credentials)`,
    `  target         ${targetPath}`,
    `  programs       ${target.programs.map(({ name }) => name).join(', ')}`,
    ...(fleet === undefined
      ? []
      : [`  fleet          ${fleet.devices.length} simulated instruments, connected`]),
    '',
    'Next, in another terminal:',
    '  npx labgate devices list',
    `  npx labgate query ${device} --from PT5M`,
    '  npx labgate devices register my-meter --site lab-1 --type ph-meter',
    '',
    'Ctrl-C stops it.',
  ].join('\n');
};

/** Leaves a target for the commands that are run in this folder, for as long as the gateway runs. */
const leaveTarget = (target: Target): Disposable & { readonly path: string } => {
  mkdirSync(LOCAL_FOLDER, { recursive: true, mode: 0o700 });
  const path = resolve(LOCAL_FOLDER, 'target.json');
  const text = `${JSON.stringify(target, null, 2)}\n`;
  writeFileSync(path, text, { mode: 0o600 });
  return {
    path,
    [Symbol.dispose]: () => {
      // Another gateway, started in this folder since, has left its own.
      if (existsSync(path) && readFileSync(path, 'utf8') === text) rmSync(path);
    },
  };
};

const stopSignal = (): Promise<void> =>
  new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
  });

/** The simulator is loaded only by those who want a fleet. */
const startFleet = async (options: LocalFleetOptions): Promise<Fleet | undefined> =>
  options.devices === 0 ? undefined : (await import('./simulate.ts')).startFleet(options);

const local = async (options: LocalOptions): Promise<void> => {
  const ports = readPorts(options);
  const stopped = stopSignal();
  const assemblyDir = resolve(options.app);
  if (options.synth) {
    if (!options.json) tell('synthesizing the templates ...');
    await synthesize(assemblyDir, options.stage);
  }
  if (!options.json) tell('starting the gateway ...');
  // Loaded here, for it is large, and no other command needs it.
  const { startGateway } = await import('../../../local/gateway.ts');
  await using gateway = await startGateway({
    assemblyDir,
    ports,
    log: logFrom(options.verbose ? 'debug' : 'warn'),
    ...(options.data === undefined ? {} : { dataDir: resolve(options.data) }),
  });
  const target = targetOf(gateway);
  using left = leaveTarget(target);
  await using fleet = await startFleet({
    target: left.path,
    devices: options.fleet,
    state: join(options.data ?? gateway.credentialsDir, 'fleet'),
    progress: options.json ? () => undefined : tell,
  });
  if (options.json) {
    print(
      JSON.stringify({
        ...gateway.addresses,
        credentials: gateway.credentialsDir,
        target: left.path,
        token: 'npx labgate token',
        fleet: fleet?.devices ?? [],
      }),
    );
  } else print(describe(gateway, target, relative('', left.path), fleet));
  await stopped;
  if (!options.json) tell('stopping ...');
};

const count = (text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 100_000) {
    throw new InvalidArgumentError('use a whole number from 0 to 100000');
  }
  return number;
};

/** The `local` command. */
export const localCommand = (): Command =>
  new Command('local')
    .description('run the whole application on this computer')
    .option('--app <folder>', 'cloud assembly to run', 'cdk.out')
    .option('--synth', 'synthesize it first')
    .option('--stage <stage>', 'settings to synthesize with', 'dev')
    .option('--data <folder>', 'keep state here; without it nothing survives')
    .option('--fleet <count>', 'simulated instruments to register and connect', count, 0)
    .option('--port-base <port>', 'first of four ports in a row; 0 takes free ones')
    .option('--api-port <port>', 'HTTP API (8080)')
    .option('--mqtt-port <port>', 'MQTT over TLS (8883)')
    .option('--aws-port <port>', 'AWS endpoint (4566)')
    .option('--issuer-port <port>', 'token issuer (9229)')
    .option('--json', 'print one JSON line with all addresses')
    .option('--verbose', 'log everything')
    .action(async (options: LocalOptions) => {
      try {
        await local(options);
      } catch (error) {
        const wrongUse = [PortError, FolderInUse, AssemblyError].some((kind) => error instanceof kind);
        throw wrongUse && error instanceof Error ? new UsageError(error.message, { cause: error }) : error;
      }
    });
