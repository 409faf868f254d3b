/** `labgate commands`: give, follow, approve, cancel. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import {
  COMMAND_STATES,
  type CommandHistory,
  type Command as DeviceCommand,
  isFinal,
} from '../../../contracts/resources/commands.ts';
import { type Api, openApi } from '../client/api.ts';
import { UsageError } from '../client/target.ts';
import { table } from '../output/table.ts';
import {
  type CommonOptions,
  NotSucceeded,
  print,
  secondsUpTo,
  siteOf,
  siteOption,
  tell,
  whole,
  withTarget,
} from './options.ts';
import { type Parameter, setParameter } from './parameters.ts';

/** Seconds that the API waits with one request. */
const WAIT_AT_ONCE = 20;

const outcome = ({ id, state, failure, result }: DeviceCommand): string => {
  const why = failure === undefined ? '' : `: ${failure.code}: ${failure.detail}`;
  return `${id} ${state}${why}${result === undefined ? '' : ` ${JSON.stringify(result)}`}`;
};

/** Reads a command until it is at its end or the time is up. */
const follow = async (api: Api, command: DeviceCommand, until: number): Promise<DeviceCommand> => {
  let now = command;
  let shown = now.state;
  while (!isFinal(now.state) && Date.now() < until) {
    await delay(Math.min(500, Math.max(0, until - Date.now())));
    now = await api.json<DeviceCommand>(`/v1/commands/${now.id}`);
    if (now.state !== shown) tell(`${now.id} ${now.state}`);
    shown = now.state;
  }
  return now;
};

interface GiveOptions extends CommonOptions {
  readonly set: Readonly<Record<string, Parameter>>;
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly wait?: number;
  readonly key?: string;
  readonly expiresAfter?: number;
}

const give = async (device: string, name: string, options: GiveOptions): Promise<void> => {
  const api = openApi(options);
  const { set, dryRun = false, reason, wait, key = randomUUID(), expiresAfter } = options;
  const until = Date.now() + (wait ?? 0) * 1000;
  const given = await api.json<DeviceCommand>(`/v1/devices/${encodeURIComponent(device)}/commands`, {
    method: 'POST',
    headers: {
      'idempotency-key': key,
      ...(wait === undefined ? {} : { prefer: `wait=${Math.min(wait, WAIT_AT_ONCE)}` }),
    },
    body: { command: name, parameters: set, dryRun, reason, expiresAfter },
  });
  const known = wait === undefined ? given : await follow(api, given, until);
  print(options.json ? JSON.stringify(known) : outcome(known));
  if (known.state === 'pending-approval')
    tell(`another person has to approve it: labgate commands approve ${known.id}`);
  if (wait !== undefined && known.state !== 'succeeded')
    throw new NotSucceeded(`${known.id} is ${known.state}${isFinal(known.state) ? '' : ` after ${wait} s`}`);
};

interface ListOptions extends CommonOptions {
  readonly site?: string;
  readonly device?: string;
  readonly state?: string;
  readonly limit: number;
}

const list = async (options: ListOptions): Promise<void> => {
  const { device, state, limit } = options;
  const site = siteOf(options.site);
  if ((device === undefined) === (site === undefined)) throw new UsageError('give --device or --site');
  const path = device === undefined ? '/v1/commands' : `/v1/devices/${encodeURIComponent(device)}/commands`;
  const found: DeviceCommand[] = [];
  const query = { site: device === undefined ? site : undefined, state, limit: Math.min(limit, 1000) };
  let isCut = false;
  for await (const command of openApi(options).list<DeviceCommand>(path, query)) {
    isCut = found.length === limit;
    if (isCut) break;
    found.push(command);
  }
  if (isCut) tell(`the newest ${limit}; there are more: --limit`);
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.map((each) => [
    each.createdAt,
    each.id,
    each.device,
    each.command,
    each.state,
    each.createdBy.name,
  ]);
  print(found.length === 0 ? 'nothing' : table(['asked', 'id', 'device', 'command', 'state', 'by'], rows));
};

const show = async (id: string, options: CommonOptions): Promise<void> => {
  const found = await openApi(options).json<DeviceCommand>(`/v1/commands/${encodeURIComponent(id)}`);
  print(JSON.stringify(found, null, options.json ? 0 : 2));
};

const history = async (id: string, options: CommonOptions): Promise<void> => {
  const found = await openApi(options).json<CommandHistory>(`/v1/commands/${encodeURIComponent(id)}/history`);
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.transitions.map(({ at, to, by, evidence }) => [
    at,
    to,
    `${by.kind} ${by.name}`,
    evidence.kind,
    evidence.detail ?? '',
  ]);
  print(table(['at', 'state', 'by', 'evidence', 'detail'], rows));
  const { withoutEffect, withoutEffectCount } = found;
  if (withoutEffectCount === 0) return;
  print(`\n${withoutEffectCount} without effect, of which the first ${withoutEffect.length}:`);
  const ignored = withoutEffect.map(({ at, why, by, evidence }) => [
    at,
    why,
    `${by.kind} ${by.name}`,
    evidence.topic ?? '',
  ]);
  print(table(['at', 'why', 'by', 'topic'], ignored));
};

const decide =
  (action: 'approve' | 'refuse' | 'cancel') =>
  async (id: string, options: CommonOptions & { readonly reason: string }): Promise<void> => {
    const path = `/v1/commands/${encodeURIComponent(id)}/${action}`;
    const { reason } = options;
    const known = await openApi(options).json<DeviceCommand>(path, { method: 'POST', body: { reason } });
    print(options.json ? JSON.stringify(known) : outcome(known));
  };

/** The `commands` command. */
export const commandsCommand = (): Command => {
  const command = new Command('commands').description(
    'commands to instruments: give, follow, approve, cancel',
  );
  withTarget(command.command('give <device> <command>'))
    .description('give a command; it is sent when the device is connected')
    .option(
      '--set <name=value>',
      "a parameter, e.g. temperature=37 or 'temperature=310.15 K'",
      setParameter,
      {},
    )
    .option('--dry-run', 'have the device check it, and do nothing')
    .option('--reason <text>', 'why')
    .option('--wait <seconds>', 'wait for the end; exit code 7 unless it succeeds', secondsUpTo(86_400))
    .option('--expires-after <seconds>', 'not to be sent after so long', secondsUpTo(7 * 86_400))
    .option('--key <key>', 'idempotency key: the same again gives the same command')
    .action(give);
  withTarget(command.command('list'))
    .description('list commands of a device or a site, the newest first')
    .addOption(siteOption())
    .option('--device <device>', 'of this device')
    .addOption(new Option('--state <state>', 'only in this state').choices(COMMAND_STATES))
    .option('--limit <count>', 'commands at most', whole, 100)
    .action(list);
  withTarget(command.command('show <id>')).description('show a command').action(show);
  withTarget(command.command('history <id>'))
    .description('show each step of a command with its evidence, and what changed nothing')
    .action(history);
  for (const [action, description] of [
    ['approve', 'approve a command of another person'],
    ['refuse', 'refuse a command that waits for approval'],
    ['cancel', 'cancel a command that has not been sent'],
  ] as const)
    withTarget(command.command(`${action} <id>`))
      .description(description)
      .requiredOption('--reason <text>', 'why')
      .action(decide(action));
  return command;
};
