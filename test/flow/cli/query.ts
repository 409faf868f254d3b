/** What was measured, in every format, to the end or to a limit that says so. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, type Person, type Result } from '../../support/cli.ts';
import type { Started } from './started.ts';

/** Samples of the device with many, each of four channels. */
const MANY = 6000;
const HOUR = 3_600_000;

export const describeQuery = (started: () => Started): void => {
  let person: Person;
  let few = '';
  let many = '';
  const start = Date.now() - 2 * HOUR;
  const iso = (millis: number): string => new Date(millis).toISOString();

  const run = (...args: string[]): Promise<Result> =>
    person.run(args, { env: { LABGATE_TARGET: started().gateway.line.target } });
  const simulate = async (type: string, samples: number, more: readonly string[]): Promise<string> => {
    const state = join(person.folder, type);
    const args = ['simulate', '--devices', '1', '--types', type, '--seed', `cli-${type}`, '--state', state];
    const { code, stdout, stderr } = await run(...args, '--samples', String(samples), ...more, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ pending: 0, refused: 0 });
    return readdirSync(state)[0] ?? '';
  };

  describe('what was measured', () => {
    beforeAll(async () => {
      person = newPerson();
      const from = ['--start', iso(start), '--interval', 'PT1S'];
      many = await simulate('ph-meter', MANY, [...from, '--batch', '100']);
      few = await simulate('centrifuge', 3, from);
    });
    afterAll(() => person[Symbol.dispose]());

    test('simulate ends when a message becomes too large', async () => {
      const args = ['--devices', '1', '--types', 'hplc-pump', '--samples', '3000', '--batch', '500'];
      expect(await run('simulate', ...args, '--start', 'PT1H')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/a message takes 2000\n$/),
      });
    });

    describe('query', () => {
      test('gives points in every format', async () => {
        const query = (...rest: string[]): Promise<Result> => run('query', few, '--from', 'P1D', ...rest);
        const [json, csv, ndjson, table, buckets, chart] = await Promise.all([
          query('--json'),
          query('--format', 'csv'),
          query('--format', 'ndjson'),
          query(),
          query('--every', 'P1D', '--agg', 'count', '--tz', 'Europe/Berlin'),
          query('--chart'),
        ]);
        for (const { code, stderr } of [json, csv, ndjson, table, buckets, chart])
          expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        const { items, next } = JSON.parse(json.stdout) as { items: { n: string }[]; next: null };
        expect(Map.groupBy(items, ({ n }) => n).size * 3).toBe(items.length);
        expect(next).toBe(null);
        expect(csv.stdout.trim().split('\r\n')).toHaveLength(items.length + 1);
        const marked = await query('--format', 'csv', '--spreadsheet');
        expect(marked.stdout).toMatch(/^\uFEFFtime,/);
        expect(ndjson.stdout.trim().split('\n')).toHaveLength(items.length);
        expect(table.stdout).toMatch(/^CHANNEL +TIME +VALUE +UNIT +QUALITY\n/);
        expect(table.stdout).toMatch(/\nCHANNEL +UNIT +ITEMS +RANGE +SHAPE\n/);
        expect(buckets.stdout).toMatch(/count/i);
      });

      test('shows the last 40 of every device, and says of how many', async () => {
        const { stdout, stderr } = await run('query', many, few, '--from', 'P1D');
        const [rows = '', shapes = ''] = stdout.split('\n\n');
        const shown = Map.groupBy(rows.split('\n').slice(1), (row) => row.split(' ')[0] ?? '');
        expect(shown.get(many)).toHaveLength(40);
        // Ten times of four channels.
        const times = new Set(shown.get(many)?.map((row) => row.split(/ +/)[2]));
        expect([...times].map((time) => Date.parse(time ?? '')).sort()).toEqual(
          Array.from({ length: 10 }, (_, at) => start + (MANY - 10 + at) * 1000),
        );
        expect(shown.get(few)?.length).toBeLessThanOrEqual(40);
        expect(stderr).toBe(`the last 40 of ${4 * MANY} of ${many}; all of them: --json or --format csv\n`);
        expect(shapes).toMatch(new RegExp(`${many}/ph +\\[pH\\] +${MANY} +\\S+ \\.\\. \\S+ +[▁-█]{30,}`));
        const aligned = await run('query', many, few, '--align', '--from', 'P1D');
        expect(aligned.stdout.trim().split('\n')).toHaveLength(41);
        expect(aligned.stdout).toMatch(/^TIME.*\/PH/);
        expect(aligned.stdout).toContain(iso(start + (MANY - 1) * 1000).slice(0, 19));
        expect(aligned.stderr).toContain('the last 40 rows');
      });

      test('as JSON goes on to the end, or stops at --limit with where to go on', async () => {
        const all = await run('query', many, '--from', 'P1D', '--json');
        expect(all.stderr).toBe('');
        const { items, next } = JSON.parse(all.stdout) as { items: { t: string }[]; next: null };
        expect(items).toHaveLength(4 * MANY);
        expect(next).toBe(null);

        const first = await run('query', many, '--from', 'P1D', '--limit', '5', '--json');
        const page = JSON.parse(first.stdout) as { items: object[]; next: string };
        expect(page.items).toEqual(items.slice(0, 5));
        const [, more = ''] = /there is more: go on with (.*)\n/.exec(first.stderr) ?? [];
        expect(more).toContain(`--cursor ${page.next}`);
        const rest = await run('query', many, ...more.split(' '), '--json');
        expect((JSON.parse(rest.stdout) as typeof page).items).toEqual(items.slice(5));
        expect(rest.stderr).toBe('');
        // Other formats are cut as JSON is.
        const csv = await run('query', many, '--from', 'P1D', '--limit', '5', '--format', 'csv');
        expect(csv.stdout.trim().split('\r\n')).toHaveLength(6);
        expect(csv.stderr).toContain('there is more: go on with --from');
        const table = await run('query', many, '--from', 'P1D', '--limit', '5');
        expect(table.stdout.trim().split('\n')).toHaveLength(6);
        expect(table.stderr).toContain('there is more: go on with --from');
      });

      test('takes dates as days of a time zone', async () => {
        const zone = 'Pacific/Kiritimati';
        // UTC+14: a day begins there ten hours into the day before.
        const day = new Date(start + 14 * HOUR).toISOString().slice(0, 10);
        const { stdout } = await run('query', few, '--from', day, '--tz', zone, '--json');
        const { from } = JSON.parse(stdout) as { from: string };
        expect(Date.parse(from)).toBe(Date.parse(`${day}T00:00:00Z`) - 14 * HOUR);
        const at = await run('query', few, '--at', 'PT0.001S', '--json');
        expect(JSON.parse(at.stdout)).toMatchObject({ items: expect.any(Array) });
      });
    });

    describe('config files', () => {
      test('count less than the environment, and that less than what is typed', async () => {
        using other = newPerson();
        const { target } = started().gateway.line;
        mkdirSync(join(other.home, '.config/labgate'), { recursive: true });
        const own = (config: object): void =>
          writeFileSync(join(other.home, '.config/labgate/config.json'), JSON.stringify(config));
        const here = (config: object): void =>
          writeFileSync(join(other.folder, '.labgate.json'), JSON.stringify(config));
        const sites = async (args: string[] = [], env: Record<string, string> = {}): Promise<string[]> => {
          const { stdout, code, stderr } = await other.run(['devices', 'list', '--json', ...args], { env });
          expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
          const found = JSON.parse(stdout) as { site: string }[];
          return [...new Set(found.map(({ site }) => site))].sort();
        };
        own({ target, site: 'lab-1', format: 'csv' });
        expect(await sites()).toEqual(['lab-1']);
        here({ site: 'lab-2' });
        expect(await sites()).toEqual(['lab-2']);
        expect(await sites([], { LABGATE_SITE: 'lab-1' })).toEqual(['lab-1']);
        expect(await sites(['--site', 'lab-2'], { LABGATE_SITE: 'lab-1' })).toEqual(['lab-2']);
        expect(await sites(['--site', ''])).toEqual(['lab-1', 'lab-2']);

        // The format of the config file is that of queries, and gives way to what is typed.
        const query = (...args: string[]) => other.run(['query', few, '--from', 'P1D', ...args]);
        expect((await query()).stdout).toMatch(/^time,channel,value/);
        expect((await query('--format', 'ndjson')).stdout).toMatch(/^\{/);
        expect((await query('--json')).stdout).toMatch(/^\{"device"/);
        expect(await other.run(['query', few, '--latest', '--json'])).toMatchObject({ code: 0 });

        here({ colour: 'red' });
        expect(await query()).toMatchObject({
          code: 2,
          stderr: expect.stringMatching(/\.labgate\.json: .*colour/),
        });
        writeFileSync(join(other.folder, '.labgate.json'), '{');
        expect(await query()).toMatchObject({
          code: 2,
          stderr: expect.stringContaining('.labgate.json is no JSON'),
        });
      });
    });
  });
};
