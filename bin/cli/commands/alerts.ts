/** `labgate alerts`: list, show, history, ack, comment, assign, shelve, unshelve, reset, report. */
import { Command, Option } from 'commander';
import type { AlertReport } from '../../../contracts/resources/alert-report.ts';
import { PRIORITIES } from '../../../contracts/resources/alert-rules.ts';
import {
  ALERT_STATES,
  type Alert,
  type AlertHistory,
  LONGEST_SHELF_SECONDS,
} from '../../../contracts/resources/alerts.ts';
import { openApi } from '../client/api.ts';
import { UsageError } from '../client/target.ts';
import { table } from '../output/table.ts';
import {
  type CommonOptions,
  print,
  secondsUpTo,
  siteOf,
  siteOption,
  tell,
  whole,
  withTarget,
} from './options.ts';
import { instant, withRange } from './times.ts';

interface ListOptions extends CommonOptions {
  readonly site?: string;
  readonly device?: string;
  readonly state?: string;
  readonly priority?: string;
  readonly all?: boolean;
  readonly limit: number;
}

const list = async (options: ListOptions): Promise<void> => {
  const { device, state, priority, all = false, limit } = options;
  const site = device === undefined ? siteOf(options.site) : undefined;
  if ((device === undefined) === (site === undefined)) throw new UsageError('give --device or --site');
  const query = { site, device, open: String(!all), state, priority, limit: Math.min(limit, 1000) };
  const found: Alert[] = [];
  let isCut = false;
  for await (const alert of openApi(options).list<Alert>('/v1/alerts', query)) {
    isCut = found.length === limit;
    if (isCut) break;
    found.push(alert);
  }
  if (isCut) tell(`the newest ${limit}; there are more: --limit`);
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.map((each) => [
    each.raisedAt,
    each.id,
    each.rule.priority,
    each.device,
    each.rule.name,
    each.quiet === undefined ? each.state : `${each.state} (${each.quiet.kind})`,
    each.assignee?.name ?? '',
  ]);
  const columns = ['raised', 'id', 'priority', 'device', 'rule', 'state', 'assignee'];
  print(found.length === 0 ? 'nothing' : table(columns, rows));
};

const pathOf = (id: string): string => `/v1/alerts/${encodeURIComponent(id)}`;

const show = async (id: string, options: CommonOptions): Promise<void> => {
  const found = await openApi(options).json<Alert>(pathOf(id));
  print(JSON.stringify(found, null, options.json ? 0 : 2));
};

const history = async (id: string, options: CommonOptions): Promise<void> => {
  const found = await openApi(options).json<AlertHistory>(`${pathOf(id)}/history`);
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.entries.map(({ at, event, state, by, told, comment, why }) => [
    at,
    event,
    state,
    `${by.kind} ${by.name}`,
    told ? 'told' : '',
    comment ?? why ?? '',
  ]);
  print(table(['at', 'event', 'state', 'by', 'told', 'comment'], rows));
};

const outcome = ({ id, state, quiet }: Alert): string =>
  `${id} ${state}${quiet === undefined ? '' : `, ${quiet.kind} until ${quiet.until}`}`;

const act = async (id: string, action: string, body: object, options: CommonOptions): Promise<void> => {
  const known = await openApi(options).json<Alert>(`${pathOf(id)}/${action}`, { method: 'POST', body });
  print(options.json ? JSON.stringify(known) : outcome(known));
};

interface ReasonOptions extends CommonOptions {
  readonly reason: string;
}

const assign = async (
  id: string,
  subject: string | undefined,
  options: CommonOptions & { readonly name?: string; readonly nobody?: boolean },
): Promise<void> => {
  if ((subject === undefined) !== (options.nobody === true))
    throw new UsageError('name a person, or --nobody');
  await act(id, 'assign', { subject: subject ?? null, name: options.name }, options);
};

interface ReportOptions extends CommonOptions {
  readonly site?: string;
  readonly from: string;
  readonly to?: string;
  readonly tz?: string;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const report = async (options: ReportOptions): Promise<void> => {
  const site = siteOf(options.site);
  if (site === undefined) throw new UsageError('give --site');
  const from = instant('--from', options.from, options);
  const to = instant('--to', options.to, options) ?? new Date().toISOString();
  const query = new URLSearchParams({ site, from, to });
  const found = await openApi(options).json<AlertReport>(`/v1/alert-report?${query}`);
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const { perTenMinutes: rate, priorities, worst, chattering, stale } = found;
  print(`${found.count} alerts at ${site} from ${found.from} to ${found.to}`);
  print(
    `by ten minutes: ${rate.mean.toFixed(2)} on average, ${rate.most} at most, floods in ${percent(rate.flooded)}`,
  );
  print(PRIORITIES.map((priority) => `${priority} ${percent(priorities[priority] ?? 0)}`).join(', '));
  if (worst.length > 0)
    print(
      table(
        ['rule', 'device', 'alerts', 'share'],
        worst.map(({ rule, device, count, share }) => [rule, device, String(count), percent(share)]),
      ),
    );
  for (const { rule, device, count } of chattering) print(`chattering: ${rule} of ${device}, ${count} times`);
  for (const { id, rule, device, raisedAt } of stale)
    print(`stale: ${id}, ${rule} of ${device} since ${raisedAt}`);
  if (found.now.flood) print(`a flood: ${found.now.newWithinTenMinutes} within ten minutes`);
};

/** The `alerts` command. */
export const alertsCommand = (): Command => {
  const command = new Command('alerts').description('alerts: which there are, and what is done about them');
  withTarget(command.command('list'))
    .description('list alerts of a site that are not closed, or of a device, the newest first')
    .addOption(siteOption())
    .option('--device <device>', 'of this device, the closed ones too')
    .option('--all', 'of a site the closed ones too')
    .addOption(new Option('--state <state>', 'only in this state').choices(ALERT_STATES))
    .addOption(new Option('--priority <priority>', 'only of this priority').choices(PRIORITIES))
    .option('--limit <count>', 'alerts at most', whole, 100)
    .action(list);
  withTarget(command.command('show <id>')).description('show an alert').action(show);
  withTarget(command.command('history <id>'))
    .description('show all that became of an alert, with who and when')
    .action(history);
  withTarget(command.command('ack <id>'))
    .description('acknowledge an alert')
    .option('--comment <text>', 'what there is to say')
    .action((id: string, options: CommonOptions & { readonly comment?: string }) =>
      act(id, 'acknowledge', { comment: options.comment }, options),
    );
  withTarget(command.command('comment <id> <text>'))
    .description('say something of an alert')
    .action((id: string, comment: string, options: CommonOptions) =>
      act(id, 'comment', { comment }, options),
    );
  withTarget(command.command('assign <id> [subject]'))
    .description('say who is to look after an alert')
    .option('--name <name>', 'the name of the person')
    .option('--nobody', 'nobody is')
    .action(assign);
  withTarget(command.command('shelve <id>'))
    .description('have nobody told of an alert for a while, nor of others of its rule and device')
    .requiredOption('--seconds <seconds>', 'for so long', secondsUpTo(LONGEST_SHELF_SECONDS))
    .requiredOption('--reason <text>', 'why')
    .action((id: string, { seconds, reason, ...options }: ReasonOptions & { readonly seconds: number }) =>
      act(id, 'shelve', { seconds, reason }, options),
    );
  for (const [action, description] of [
    ['unshelve', 'end the shelving of an alert'],
    ['reset', 'close an alert that has latched, or of which nothing is watched any more'],
  ] as const)
    withTarget(command.command(`${action} <id>`))
      .description(description)
      .requiredOption('--reason <text>', 'why')
      .action((id: string, { reason, ...options }: ReasonOptions) => act(id, action, { reason }, options));
  withRange(withTarget(command.command('report')), { from: 'P7D' })
    .description('measure the alerts of a site by EEMUA 191')
    .addOption(siteOption())
    .action(report);
  return command;
};
