import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseSettings, readSettings, SettingsError } from '../../lib/settings.ts';
import { SETTINGS_FOLDER } from './settings-folder.ts';

const dev = (): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL('dev.json', SETTINGS_FOLDER), 'utf8')) as Record<string, unknown>;

describe('settings', () => {
  test.each(['dev', 'prod'])('%s can be used', (stage) => {
    expect(readSettings(stage, SETTINGS_FOLDER).stage).toBe(stage);
  });

  test.each([
    ['an unknown key', { ...dev(), colour: 'blue' }, /^settings\/dev\.json: settings: .*colour/],
    ['a missing key', { ...dev(), stream: undefined }, /^settings\/dev\.json: stream: /],
    [
      'too large a batch',
      { ...dev(), ingest: { batchSize: 10_001 } },
      /^settings\/dev\.json: ingest\.batchSize: /,
    ],
    ['an unknown role', { ...dev(), programs: [{ name: 'x', role: 'Root' }] }, /programs\.0\.role/],
    [
      'a compaction that does not wait for ingest',
      { ...dev(), compaction: { ...Object(dev()['compaction']), afterMinutes: 1 } },
      /compaction\.afterMinutes: must be longer than ingest\.timeoutSeconds/,
    ],
    [
      'less concurrency than the stream needs',
      { ...dev(), stream: { mode: 'provisioned', shards: 4 }, concurrency: { ingest: 3, query: null } },
      /concurrency\.ingest: must be at least stream\.shards times/,
    ],
    [
      'a site whose archive outlasts the default',
      {
        ...dev(),
        retention: {
          default: { hotDays: 30, rollupYears: 1, archiveDays: 100 },
          sites: { berlin: { hotDays: 30, rollupYears: 1, archiveDays: 'forever' } },
        },
      },
      /retention\.default\.archiveDays: must be the longest/,
    ],
    [
      'a certificate that CloudFront does not take',
      {
        ...dev(),
        page: {
          domain: {
            name: 'lab.example.org',
            certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/1',
          },
        },
      },
      /page\.domain\.certificateArn: must be the ARN of a certificate in us-east-1/,
    ],
    [
      'a lock where the stage is to be deleted',
      { ...dev(), audit: { lock: { mode: 'compliance', days: 1 } } },
      /audit\.lock: needs data\.onDelete to be retain/,
    ],
    [
      'an origin that is none',
      { ...dev(), api: { ...Object(dev()['api']), allowedOrigins: ['*'] } },
      /api\.allowedOrigins\.0: use an origin/,
    ],
    ['no object', null, /^settings\/dev\.json: settings: /],
  ])('%s stops with one line that names it', (_, input, message) => {
    const attempt = () => parseSettings('dev', input);
    expect(attempt).toThrow(SettingsError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/\n/);
  });

  test('a stage that has no file says how to choose one', () => {
    expect(() => readSettings('nowhere', SETTINGS_FOLDER)).toThrow(/-c stage=NAME/);
  });

  test('a stage is a slug: it becomes part of names and paths', () => {
    expect(() => parseSettings('../prod', dev())).toThrow(/stage "\.\.\/prod"/);
  });
});
