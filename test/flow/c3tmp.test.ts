import { expect, inject, test } from 'vitest';
import { openLab } from './lab.ts';
test('x', async () => {
  await using lab = await openLab(inject('assembly'));
  await lab.createType();
  const t = await lab.register('meter-9');
  console.log('ca bytes', t.ca.length, t.endpoint);
  const client = await lab.connect(t);
  for (const p of ['/v1/health','/v1/health/services','/v1/health/ready','/v1/devices','/v1/types','/v1/problems/nope','/v1/openapi.json','/v1/devices/meter-9/latest','/v1/nothing']) {
    const r = await lab.call(p); console.log(p, r.status, (await r.text()).slice(0,400));
  }
  await lab.gateway.drain();
  for (let i = 0; i < 20; i++) { const d = await lab.json<{connection: {state: string}}>('/v1/devices/meter-9'); if (d.connection.state==='online') { console.log(JSON.stringify(d)); break; } await new Promise(r=>setTimeout(r,200)); }
  const closed = new Promise(r => client.once('close', r));
  const r = await lab.call('/v1/devices/meter-9', {method:'DELETE', headers: {'if-match':'*'}}); console.log(r.status, await r.text());
  await closed;
  await client.endAsync(true);
  for (let i = 0; i < 20; i++) { const d = await lab.json<{connection: {state: string}}>('/v1/devices/meter-9'); if (d.connection.state==='offline') { console.log(JSON.stringify(d)); break; } await new Promise(r=>setTimeout(r,200)); }
  const live = await fetch((await lab.call('/v1/health/live')).url); console.log('live', live.status, [...live.headers].join(' | '), await live.text());
  console.log(lab.gateway.denials);
  expect(1).toBe(1);
}, 60000);
