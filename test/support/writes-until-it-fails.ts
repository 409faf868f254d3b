/** Writes items until many have failed and many have been taken since, then looks for all that were taken. */
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoEngine } from '../../local/endpoint/dynamodb/engine.ts';
import { provisionTable } from '../../local/endpoint/dynamodb/tables.ts';
import { ITEMS } from './endpoint.ts';

const [folder = ''] = process.argv.slice(2);
const lines: string[] = [];
const engine = await DynamoEngine.open(folder, new Map(), 'us-east-1', '000000000000', (level, message) =>
  lines.push(`${level} ${message}`),
);
await provisionTable(engine, ITEMS);

const taken: string[] = [];
let failed = 0;
let sinceFailure = 0;
let known = false;
for (let at = 0; sinceFailure < 100; at += 1) {
  const pk = `item-${at}`;
  const Item = { pk: { S: pk }, v: { S: 'x'.repeat(4000) } };
  const { status } = await engine.call('PutItem', JSON.stringify({ TableName: ITEMS.name, Item }));
  if (status === 200) {
    taken.push(pk);
    if (failed > 0) sinceFailure += 1;
  } else {
    failed += 1;
    sinceFailure = 0;
    known ||= engine.failing;
    await delay(50);
  }
}
let missing = 0;
for (const pk of taken) {
  const Key = { pk: { S: pk } };
  const { body } = await engine.call('GetItem', JSON.stringify({ TableName: ITEMS.name, Key }));
  if (JSON.parse(String(body)).Item?.pk.S !== pk) missing += 1;
}
await engine.close();
process.stdout.write(JSON.stringify({ failed, known, taken: taken.length, missing, lines }));
