/** `labgate local`: runs the synthesized templates on this computer. */
import { join, relative, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { AssemblyError } from '../../../local/assembly/errors.ts';
import { DamagedFiles } from '../../../local/damage.ts';
import { FolderInUse } from '../../../local/data-folder.ts';
import type { Gateway } from '../../../local/gateway.ts';
import { PortError, type PortFlags, readPorts } from '../../../local/options.ts';
import type { Log } from '../../../local/types.ts';
import type { Api } from '../client/api.ts';
import { type LeftTarget, leaveTarget } from '../client/left-target.ts';
import { accessTo, type LocalAccess } from '../client/local-access.ts';
import { openBrowser } from '../client/open-browser.ts';
import { createStarterTypes } from '../client/starter-types.ts';
import { synthesize } from '../client/synthesize.ts';
import { UsageError } from '../client/target.ts';
import { print, tell } from './options.ts';
import type { Fleet } from './simulate.ts';

interface LocalOptions extends PortFlags {
  readonly app: string;
  readonly synth?: boolean;
  readonly stage: string;
  readonly data?: string;
  readonly acceptDamage?: boolean;
  readonly fleet: number;
  readonly starter: boolean;
  readonly open?: boolean;
  readonly people: boolean;
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

interface Ready {
  readonly access: LocalAccess;
  readonly left: LeftTarget;
  readonly fleet: Fleet | undefined;
}

/** The page, and who may sign in there. */
const describePage = (page: string, people: LocalAccess['people']): string[] => [
  `  Page           ${page}/`,
  ...people.map(
    ({ username, password }, index) =>
      `  ${(index === 0 ? 'sign in as' : '').padEnd(13)}  ${username.padEnd(11)}  ${password}`,
  ),
  '',
];

const describe = (
  { addresses, credentialsDir }: Gateway,
  { access: { target, people, engineer }, left, fleet }: Ready,
): string => {
  const { page, api, mqtt, aws, live, issuer } = addresses;
  const [device = 'DEVICE'] = fleet?.devices ?? [];
  const path = relative('', left.path);
  return [
    'labgate runs on this computer.',
    '',
    ...(page === undefined ? [] : describePage(page, people)),
    `  API            ${api}`,
    `  MQTT over TLS  ${mqtt}`,
    `  AWS endpoint   ${aws}`,
    `  live           ${live}`,
    `  sign-in        ${issuer}`,
    `  credentials    ${credentialsDir}  (users.json, clients.json, ca.pem, aws-credentials)`,
    `  target         ${path}`,
    `  programs       ${target.programs.map(({ name }) => name).join(', ')}`,
    ...(fleet === undefined
      ? []
      : [`  fleet          ${fleet.devices.length} simulated instruments, connected`]),
    '',
    'Next, in another terminal:',
    ...(left.usual ? [] : [`  export LABGATE_TARGET=${path}  # another gateway runs in this folder`]),
    '  npx labgate devices list',
    `  npx labgate query ${device} --from PT5M`,
    ...(engineer === undefined
      ? ['  npx labgate login  # as engineer, with the password in users.json']
      : []),
    '  npx labgate devices register my-meter --site lab-1 --type ph-meter',
    '',
    'Ctrl-C stops it.',
  ].join('\n');
};

const stopSignal = (): Promise<void> =>
  new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
  });

const local = async (options: LocalOptions): Promise<void> => {
  const ports = readPorts(options);
  const stopped = stopSignal();
  const assemblyDir = resolve(options.app);
  if (options.synth) {
    if (!options.json) tell('building the page, if it has changed, and synthesizing the templates ...');
    await synthesize(assemblyDir, options.stage);
  }
  if (!options.json) tell('starting the gateway ...');
  // Loaded here: it is large, and no other command needs it.
  const { startGateway } = await import('../../../local/gateway.ts');
  await using gateway = await startGateway({
    assemblyDir,
    ports,
    log: logFrom(options.verbose ? 'debug' : 'warn'),
    ...(options.data === undefined ? {} : { dataDir: resolve(options.data) }),
    acceptDamage: options.acceptDamage ?? false,
    keepLogs: true,
    samples: options.people,
  });
  const access = accessTo(gateway);
  using left = await leaveTarget(access.target);
  const asEngineer = (): Promise<Api> => access.openAsEngineer(left.path);
  if (options.starter) await createStarterTypes(await asEngineer());
  const startFleet = async (): Promise<Fleet> => {
    // Loaded only when there is a fleet.
    const simulator = await import('./simulate.ts');
    return await simulator.startFleet({
      api: await asEngineer(),
      devices: options.fleet,
      state: join(options.data ?? gateway.credentialsDir, 'fleet'),
      progress: options.json ? () => undefined : tell,
    });
  };
  await using fleet = options.fleet === 0 ? undefined : await startFleet();
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
  } else print(describe(gateway, { access, left, fleet }));
  if (options.open && gateway.addresses.page !== undefined && !(await openBrowser(gateway.addresses.page)))
    tell('no browser can be opened from here: open the address of the page yourself');
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
    .addOption(
      new Option('--stage <stage>', 'synthesize it first, with the settings of this stage')
        .default('dev')
        .implies({ synth: true }),
    )
    .option('--data <folder>', 'keep state here; without it nothing survives')
    .option('--accept-damage', 'start without what cannot be read of it')
    .option('--fleet <count>', 'simulated instruments to register and connect', count, 0)
    .option('--no-starter', 'without the instrument types that labgate comes with')
    .option('--open', 'open the page in a browser')
    .option('--port-base <port>', 'first of six ports in a row; 0 takes free ones')
    .option('--page-port <port>', 'page (8081)')
    .option('--no-people', 'without the sample users: the first administrator is made as after a deployment')
    .option('--api-port <port>', 'HTTP API (8080)')
    .option('--mqtt-port <port>', 'MQTT over TLS (8883)')
    .option('--aws-port <port>', 'AWS endpoint (4566)')
    .option('--issuer-port <port>', 'token issuer (9229)')
    .option('--live-port <port>', 'MQTT over WebSocket (8084)')
    .option('--json', 'print one JSON line with all addresses')
    .option('--verbose', 'log everything')
    .action(async (options: LocalOptions) => {
      try {
        await local(options);
      } catch (error) {
        const wrongUse = [PortError, FolderInUse, DamagedFiles, AssemblyError].some(
          (kind) => error instanceof kind,
        );
        throw wrongUse && error instanceof Error ? new UsageError(error.message, { cause: error }) : error;
      }
    });
