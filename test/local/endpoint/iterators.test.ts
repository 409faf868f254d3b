/** What dynalite reads with is closed again: an open iterator pins every LevelDB file that is overtaken meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Dynalite, openDynalite } from '../../../local/endpoint/dynamodb/dynalite.ts';

const TABLE = {
  TableName: 'table',
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  BillingMode: 'PAY_PER_REQUEST',
};
const ITEMS = 20;

/** Counts iterators that are opened from now on. */
const countIterators = ({ db }: Dynalite) => {
  const open = new Set<object>();
  let opened = 0;
  for (const name of ['keys', 'values'] as const) {
    const make = db[name].bind(db);
    db[name] = ((options: never) => {
      const iterator = make(options);
      const close = iterator.close.bind(iterator);
      open.add(iterator);
      opened += 1;
      iterator.close = async () => {
        await close();
        open.delete(iterator);
      };
      return iterator;
    }) as never;
  }
  return { opened: () => opened, open: () => open.size };
};

it.each(['in memory', 'on disk'])('leaves no iterator open %s', async (where) => {
  const path = where === 'on disk' ? await mkdtemp(join(tmpdir(), 'labgate-')) : undefined;
  const options = { tables: new Map(), ...(path === undefined ? {} : { path }) };
  const dynalite = await openDynalite(options, (error) => {
    throw error;
  });
  const run = async (operation: string, input: object) => {
    const { status, body } = await dynalite.run(operation, JSON.stringify(input));
    if (status !== 200) throw new Error(body);
    return JSON.parse(body) as { readonly Count?: number; readonly LastEvaluatedKey?: object };
  };
  await run('CreateTable', TABLE);
  await expect
    .poll(async () => JSON.stringify(await run('DescribeTable', { TableName: 'table' })), { timeout: 20_000 })
    .toContain('"ACTIVE"');
  for (let n = 0; n < ITEMS; n += 1) {
    // Large enough that a page of a megabyte cuts a query as well.
    const text = { S: 'x'.repeat(100_000) };
    await run('PutItem', { TableName: 'table', Item: { pk: { S: 'p' }, sk: { S: `${n}` }, text } });
  }
  const iterators = countIterators(dynalite);
  const ask = {
    TableName: 'table',
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: 'p' } },
  };
  for (let round = 0; round < 10; round += 1) {
    const cut = await run('Query', { ...ask, Limit: 3 });
    expect(cut).toMatchObject({ Count: 3, LastEvaluatedKey: expect.anything() });
    await run('Query', { ...ask, Limit: 3, ExclusiveStartKey: cut.LastEvaluatedKey });
    await run('Query', { ...ask, ScanIndexForward: false, Limit: 1 });
    expect((await run('Query', ask)).LastEvaluatedKey).toBeDefined();
    await run('Query', { ...ask, ExpressionAttributeValues: { ':pk': { S: 'nobody' } } });
    expect((await run('Scan', { TableName: 'table', Limit: 2 })).Count).toBe(2);
    await run('Scan', { TableName: 'table' });
    await run('ListTables', { Limit: 1 });
  }
  expect(iterators.opened()).toBeGreaterThanOrEqual(70);
  await expect.poll(iterators.open, { timeout: 20_000 }).toBe(0);
  await dynalite.db.close();
  if (path !== undefined) await rm(path, { recursive: true });
});
