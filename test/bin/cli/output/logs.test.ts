/** Lines of logs that name an id, and the question to CloudWatch for others. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { insightsQuery, linesThatName } from '../../../../bin/cli/output/logs.ts';
import { requestIdOf, TRACEPARENT, traceIdOf, traceIdOfRequest } from '../../../../contracts/trace.ts';
import { traceparentOf } from '../../../../lambdas/runtime/http/trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'labgate-logs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const REQUEST = '0af76519-16cd-43dd-8448-eb211c80319c';

it('finds lines of all functions by time, and passes over what is no line', async () => {
  const line = (timestamp: string, service: string, more: object) =>
    `${JSON.stringify({ level: 'INFO', message: 'm', timestamp, service, ...more })}\n`;
  writeFileSync(
    join(folder, 'a.log'),
    line('2026-03-01T00:00:02Z', 'commands', { trace: TRACE, state: 'sent' }),
  );
  writeFileSync(
    join(folder, 'b.log.1'),
    line('2026-03-01T00:00:01Z', 'commands-api', { requestId: REQUEST }),
  );
  appendFileSync(
    join(folder, 'a.log'),
    `${line('2026-03-01T00:00:03Z', 'x', { trace: `${TRACE}0` })}{"${TRACE}"`,
  );
  writeFileSync(join(folder, 'other.txt'), line('2026-03-01T00:00:00Z', 'x', { trace: TRACE }));
  expect(await linesThatName(folder, [TRACE, REQUEST])).toEqual([
    { time: '2026-03-01T00:00:01Z', service: 'commands-api', message: 'm', fields: { requestId: REQUEST } },
    { time: '2026-03-01T00:00:02Z', service: 'commands', message: 'm', fields: { state: 'sent' } },
  ]);
});

it('asks CloudWatch for the same', () => {
  const hour = [new Date('2026-03-01T00:00:00Z'), new Date('2026-03-01T01:00:00Z')] as const;
  expect(insightsQuery([TRACE], ...hour)).toBe(
    `aws logs start-query --start-time 1772323200 --end-time 1772326800 --query-string 'SOURCE logGroups(namePrefix: ["labgate-"]) | filter @message like "${TRACE}" | fields @timestamp, service, message, route, status, command, state, requestId | sort @timestamp'`,
  );
});

it('a request without a trace gets that of its own id, and there is a way back', () => {
  const made = traceparentOf(REQUEST, null);
  expect(made).toMatch(TRACEPARENT);
  expect(traceIdOf(made)).toBe(TRACE);
  expect(requestIdOf(TRACE)).toBe(REQUEST);
  expect(traceIdOfRequest('request-1')).toBeUndefined();
  expect(traceIdOf(traceparentOf('request-1', null))).toMatch(/^[0-9a-f]{32}$/);
  const given = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  expect(traceparentOf(REQUEST, given)).toBe(given);
  expect(traceIdOf(traceparentOf(REQUEST, `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`))).toBe(TRACE);
});
