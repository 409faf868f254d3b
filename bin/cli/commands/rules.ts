/** `labgate rules`: list, show, set, remove, preview. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import {
  type AlertCondition,
  type AlertPreview,
  type AlertRule,
  alertRule,
  alertRuleInput,
} from '../../../contracts/resources/alert-rules.ts';
import { openApi } from '../client/api.ts';
import { ApiError } from '../client/refusal.ts';
import { UsageError } from '../client/target.ts';
import { table } from '../output/table.ts';
import { type CommonOptions, print, withTarget } from './options.ts';
import { instant, withRange } from './times.ts';

const unitOf = ({ unit }: { readonly unit?: string | undefined }): string =>
  unit === undefined ? '' : ` ${unit}`;

const conditionText = (condition: AlertCondition): string => {
  switch (condition.kind) {
    case 'threshold':
      return `threshold ${condition.direction} ${condition.limit}${unitOf(condition)}`;
    case 'rate':
      return `rate ${condition.direction} ${condition.limit}${unitOf(condition)} a second over ${condition.window} s`;
    case 'deviation':
      return `deviation ${condition.limit}${unitOf(condition)} from ${'channel' in condition.from ? condition.from.channel : condition.from.value}`;
    case 'no-data':
      return `no data for ${condition.after} s`;
    case 'bad-quality':
      return `${condition.share * 100} % of ${condition.points} points bad`;
  }
};

const list = async (options: CommonOptions & { readonly type?: string }): Promise<void> => {
  const found = await Array.fromAsync(
    openApi(options).list<AlertRule>('/v1/alert-rules', { type: options.type }),
  );
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.map((rule) => [
    `${rule.type}/${rule.id}`,
    rule.name,
    rule.channel ?? '',
    conditionText(rule.condition),
    rule.priority,
    rule.enabled ? 'yes' : 'no',
  ]);
  print(
    found.length === 0
      ? 'nothing'
      : table(['rule', 'name', 'channel', 'condition', 'priority', 'enabled'], rows),
  );
};

const pathOf = (name: string): string => {
  const [type, id, ...rest] = name.split('/');
  if (type === undefined || id === undefined || rest.length > 0)
    throw new UsageError('name a rule as type/id, e.g. incubator/too-hot');
  return `/v1/alert-rules/${encodeURIComponent(type)}/${encodeURIComponent(id)}`;
};

const show = async (name: string, options: CommonOptions): Promise<void> => {
  const found = await openApi(options).json<AlertRule>(pathOf(name));
  print(JSON.stringify(found, null, options.json ? 0 : 2));
};

/** What of a rule the platform adds: a rule that was shown may be set again. */
const ADDED = alertRule.keyof().exclude(alertRuleInput.keyof().options).options;

/** @throws {UsageError} when the file cannot be read, or is no JSON object with a type and an identifier */
const read = (file: string): Record<string, unknown> & { readonly type: string; readonly id: string } => {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (cause) {
    throw new UsageError(`${file} cannot be read as JSON: ${String(cause)}`, { cause });
  }
  const { type, id, ...rest } = Object(content) as Record<string, unknown>;
  if (typeof type !== 'string' || typeof id !== 'string')
    throw new UsageError(`${file} has no rule: it needs a type and an id`);
  for (const name of ADDED) delete rest[name];
  return { ...rest, type, id };
};

const set = async (file: string, options: CommonOptions & { readonly reason: string }): Promise<void> => {
  const api = openApi(options);
  const { reason } = options;
  const { type, id, ...said } = read(file);
  const path = pathOf(`${type}/${id}`);
  let version: number | undefined;
  try {
    ({ version } = await api.json<AlertRule>(path));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
  const rule =
    version === undefined
      ? await api.json<AlertRule>('/v1/alert-rules', { method: 'POST', body: { ...said, type, id, reason } })
      : await api.json<AlertRule>(path, {
          method: 'PUT',
          headers: { 'if-match': `"${version}"` },
          body: { ...said, reason },
        });
  print(options.json ? JSON.stringify(rule) : `set ${type}/${id}, version ${rule.version}`);
};

const remove = async (name: string, options: CommonOptions & { readonly reason: string }): Promise<void> => {
  const api = openApi(options);
  const { version } = await api.json<AlertRule>(pathOf(name));
  const { reason } = options;
  const rule = await api.json<AlertRule>(`${pathOf(name)}/remove`, {
    method: 'POST',
    headers: { 'if-match': `"${version}"` },
    body: { reason },
  });
  print(options.json ? JSON.stringify(rule) : `removed ${name}`);
};

interface PreviewOptions extends CommonOptions {
  readonly device: string;
  readonly from: string;
  readonly to?: string;
  readonly tz?: string;
}

const preview = async (file: string, options: PreviewOptions): Promise<void> => {
  const from = instant('--from', options.from, options);
  const to = instant('--to', options.to, options) ?? new Date().toISOString();
  const body = { rule: read(file), device: options.device, from, to };
  const found = await openApi(options).json<AlertPreview>('/v1/alert-rules/preview', {
    method: 'POST',
    body,
  });
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  print(`would have raised ${found.count} times in ${found.points} points`);
  const rows = found.alerts.map(({ raisedAt, returnedAt, value }) => [
    raisedAt,
    returnedAt ?? 'goes on',
    value === undefined ? '' : String(value),
  ]);
  if (rows.length > 0) print(table(['raised', 'returned', 'value'], rows));
};

/** The `rules` command. */
export const rulesCommand = (): Command => {
  const command = new Command('rules').description('alert rules: list, set, remove, try on past data');
  withTarget(command.command('list'))
    .description('list alert rules')
    .option('--type <type>', 'of this instrument type')
    .action(list);
  withTarget(command.command('show <type/id>')).description('show a rule').action(show);
  withTarget(command.command('set <file>'))
    .description('make a rule, or change it, by a JSON file; - for standard input')
    .requiredOption('--reason <text>', 'why')
    .action(set);
  withTarget(command.command('remove <type/id>'))
    .description('take a rule away; its active alerts return')
    .requiredOption('--reason <text>', 'why')
    .action(remove);
  withRange(withTarget(command.command('preview <file>')), { from: 'P7D' })
    .description('try a rule on past data of a device: how often it would have been raised')
    .requiredOption('--device <device>', 'whose data')
    .action(preview);
  return command;
};
