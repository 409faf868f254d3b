/** `labgate trace`: the way of a request and of what came of it, or where a message is. */
import { Command } from 'commander';
import { commandId } from '../../../contracts/messages/commands.ts';
import type { AuditEntry } from '../../../contracts/resources/audit.ts';
import type { CommandHistory, Command as DeviceCommand } from '../../../contracts/resources/commands.ts';
import type { CompletenessAnswer } from '../../../contracts/resources/completeness.ts';
import type { Device } from '../../../contracts/resources/devices.ts';
import type { Quarantined } from '../../../contracts/resources/quarantine.ts';
import { requestIdOf, traceIdOf, traceIdOfRequest } from '../../../contracts/trace.ts';
import { type Api, openApi } from '../client/api.ts';
import { ApiError } from '../client/refusal.ts';
import { UsageError } from '../client/target.ts';
import { insightsQuery, linesThatName } from '../output/logs.ts';
import { table } from '../output/table.ts';
import { type CommonOptions, print, tell, withTarget } from './options.ts';
import { instant, withRange } from './times.ts';

/** A step of the way. */
interface Step {
  readonly at: string;
  readonly where: string;
  readonly what: string;
  readonly detail: string;
}

const HOUR_MILLIS = 3_600_000;
/** Between a command and its entry in the audit, at most: the request answers within 28 seconds. */
const AUDIT_MILLIS = 30_000;

const words = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join(' ');

/** The entry of the audit that a command began with. Who may not read the audit is told so. */
const auditSteps = async (api: Api, { id, site, createdAt }: DeviceCommand): Promise<Step[]> => {
  const created = Date.parse(createdAt);
  const range = { from: createdAt, to: new Date(created + AUDIT_MILLIS).toISOString(), order: 'oldest' };
  const steps: Step[] = [];
  try {
    for await (const entry of api.list<AuditEntry>('/v1/audit', { site, ...range })) {
      if (entry.created !== `/v1/commands/${id}`) continue;
      const { at, action, outcome, actor, requestId, address } = entry;
      const detail = words(actor.name, `request ${requestId}`, address && `from ${address}`);
      steps.push({ at, where: 'audit', what: `${action} ${outcome}`, detail });
    }
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 403 && error.status !== 404)) throw error;
    tell('without the audit, which you may not read');
  }
  return steps;
};

const commandSteps = ({ transitions, withoutEffect }: CommandHistory): Step[] => [
  ...transitions.map(({ at, to, by, evidence }) => ({
    at,
    where: 'command',
    what: to,
    detail: words(`${by.kind} ${by.name},`, evidence.kind, evidence.topic, evidence.detail),
  })),
  ...withoutEffect.map(({ at, why, by, evidence }) => ({
    at,
    where: 'command',
    what: 'nothing',
    detail: words(`${by.kind} ${by.name},`, why, evidence.topic),
  })),
];

const logSteps = async (folder: string, ids: readonly string[]): Promise<Step[]> =>
  (await linesThatName(folder, ids)).map(({ time, service, message, fields }) => ({
    at: time,
    where: `log ${service}`,
    what: message,
    detail: Object.entries(fields)
      .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' '),
  }));

/** What an id says of itself: a command, or a request by its own id or that of its trace. */
const idsOf = async (api: Api, id: string) => {
  if (commandId.safeParse(id).success) {
    const command = await api.json<DeviceCommand>(`/v1/commands/${id}`);
    return { trace: traceIdOf(command.traceparent), command };
  }
  const trace = traceIdOfRequest(id);
  if (trace === undefined)
    throw new UsageError(`${id} is neither a command, nor a request id, nor a trace id`);
  return { trace, command: undefined };
};

const logsOf = ({ target }: Api): string | undefined => target.logs;

const way = async (id: string, options: CommonOptions): Promise<void> => {
  const api = openApi(options);
  const { trace, command: named } = await idsOf(api, id);
  const ids = [trace, requestIdOf(trace)];
  const folder = logsOf(api);
  let command = named;
  const logged = folder === undefined ? [] : await logSteps(folder, command ? [...ids, command.id] : ids);
  if (command === undefined) {
    // What a function says of a command is found by its trace, and names it.
    const [, found] = logged.map(({ detail }) => /\bcommand=(\S+)/.exec(detail)).find((match) => match) ?? [];
    if (found !== undefined) command = await api.json<DeviceCommand>(`/v1/commands/${found}`);
  }
  const told =
    command === undefined
      ? []
      : [
          ...(await auditSteps(api, command)),
          ...commandSteps(await api.json<CommandHistory>(`/v1/commands/${command.id}/history`)),
        ];
  const steps = [...told, ...logged].sort((one, other) => (one.at < other.at ? -1 : 1));
  const began =
    command === undefined ? Date.now() - HOUR_MILLIS : Date.parse(command.createdAt) - AUDIT_MILLIS;
  const query = insightsQuery(
    command === undefined ? ids : [...ids, command.id],
    new Date(began),
    new Date(Math.max(began + HOUR_MILLIS, Date.parse(command?.updatedAt ?? '') || 0)),
  );
  if (options.json) {
    print(JSON.stringify({ trace, command, steps, ...(folder === undefined ? { logs: query } : {}) }));
    return;
  }
  print(words(`trace ${trace}`, command && `command ${command.id} on ${command.device}: ${command.state}`));
  if (steps.length > 0)
    print(
      `\n${table(
        ['at', 'where', 'what', 'detail'],
        steps.map(({ at, where, what, detail }) => [at, where, what, detail]),
      )}`,
    );
  if (folder === undefined) print(`\nWhat the functions logged of it:\n${query}`);
  else if (steps.length === 0) print('nothing in the audit, the commands and the logs names it');
};

interface MessageOptions extends CommonOptions {
  readonly session: string;
  readonly seq: string;
  readonly from: string;
  readonly to?: string;
  readonly tz?: string;
}

/** Where a message is, as far as the ledger of its device and the quarantine tell. */
const message = async (device: string, options: MessageOptions): Promise<void> => {
  const api = openApi(options);
  const { session } = options;
  const seq = Number(options.seq);
  if (!Number.isSafeInteger(seq) || seq < 0) throw new UsageError('--seq: use a whole number from 0');
  const path = `/v1/devices/${encodeURIComponent(device)}`;
  const range = { from: instant('--from', options.from, options), to: instant('--to', options.to, options) };
  const { site } = await api.json<Device>(path);
  for await (const entry of api.list<Quarantined>('/v1/quarantine', { site, device, ...range })) {
    if (entry.session !== session || entry.seq !== seq) continue;
    const codes = entry.notes.map(({ code }) => code).join(', ');
    const found = { where: 'quarantined', id: entry.id, arrived: entry.arrived, state: entry.state, codes };
    print(
      options.json
        ? JSON.stringify(found)
        : `quarantined: ${codes}; arrived ${entry.arrived}, ${entry.state}\nlabgate quarantine show ${entry.id}`,
    );
    return;
  }
  const ledger = await api.json<CompletenessAnswer>(`${path}/completeness`, {
    query: { ...range, by: 'arrival' },
  });
  const gap = ledger.gaps?.find((each) => each.session === session && each.from <= seq && seq <= each.to);
  if (gap !== undefined) {
    const { after, before, cause } = gap;
    print(
      options.json
        ? JSON.stringify({ where: 'missing', after, before, cause })
        : `missing: it did not come between ${after ?? 'the beginning'} and ${before}; likely cause: ${cause}`,
    );
    return;
  }
  const what = 'neither missing before a later one nor in the quarantine, of what arrived in this time';
  print(options.json ? JSON.stringify({ where: 'not-missing', ...range }) : what);
  if ((ledger.gapsLeft ?? 0) > 0) tell(`${ledger.gapsLeft} gaps were not looked at: narrow the range`);
};

/** The `trace` command. */
export const traceCommand = (): Command => {
  const command = new Command('trace').description('the way of a request, a command or a message');
  withTarget(command.command('show <id>', { isDefault: true }))
    .description('request, steps and logs of a command (by its id), or of a request or trace id')
    .action(way);
  withRange(withTarget(command.command('message <device>')), { from: 'P1D' })
    .description('whether a message was quarantined, or is missing, by its session and number')
    .requiredOption('--session <session>', 'its session')
    .requiredOption('--seq <number>', 'its number in the session')
    .action(message);
  return command;
};
