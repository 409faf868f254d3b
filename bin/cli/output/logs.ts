/** Logs of functions: those that a gateway on this computer keeps in files, and where to look for others. */
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';

/** A line that a function logged. */
export interface LoggedLine {
  readonly time: string;
  readonly service: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What every line has, and nobody wants to read. */
const OMITTED = new Set([
  'level',
  'sampling_rate',
  'service',
  'timestamp',
  'message',
  'xray_trace_id',
  'trace',
]);

const lineOf = (text: string): LoggedLine | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A process that died in the middle of a line leaves half of it.
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('message' in value)) return undefined;
  const { timestamp = '', service = '', message, ...rest } = value as Record<string, unknown>;
  const fields = Object.entries(rest).filter(([name, field]) => !OMITTED.has(name) && field !== undefined);
  return {
    time: String(timestamp),
    service: String(service),
    message: String(message),
    fields: Object.fromEntries(fields),
  };
};

/**
 * Lines of a folder of logs that name any of some identifiers, by time.
 * @param folder where a gateway keeps a file for each function
 */
export const linesThatName = async (folder: string, ids: readonly string[]): Promise<LoggedLine[]> => {
  const found: LoggedLine[] = [];
  for (const name of readdirSync(folder).filter((each) => /\.log(\.1)?$/.test(each)))
    for await (const text of createInterface({ input: createReadStream(join(folder, name)) })) {
      if (!ids.some((id) => text.includes(`"${id}"`))) continue;
      const line = lineOf(text);
      if (line !== undefined) found.push(line);
    }
  return found.sort((one, other) => (one.time < other.time ? -1 : 1));
};

/** The command that asks CloudWatch Logs Insights for the lines of a deployment that name any of some identifiers. */
export const insightsQuery = (ids: readonly string[], from: Date, to: Date): string => {
  const seconds = (time: Date): number => Math.floor(time.getTime() / 1000);
  const filter = ids.map((id) => `@message like "${id}"`).join(' or ');
  const query = [
    'SOURCE logGroups(namePrefix: ["labgate-"])',
    `filter ${filter}`,
    'fields @timestamp, service, message, route, status, command, state, requestId',
    'sort @timestamp',
  ].join(' | ');
  return `aws logs start-query --start-time ${seconds(from)} --end-time ${seconds(to)} --query-string '${query}'`;
};
