import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimate, type Laboratory } from '../../../../bin/cli/cost/estimate.ts';
import { PRICES, PRICES_DATE } from '../../../../bin/cli/cost/prices.ts';

const LAB: Laboratory = {
  devices: 100,
  rate: 1,
  batch: 10,
  basicIngest: false,
  stream: 'provisioned',
  windowSeconds: 30,
  hotDays: 35,
  years: 5,
  acks: false,
  requests: 0,
  firewall: false,
  programs: 0,
};
const part = (lab: Laboratory, name: string): number =>
  estimate(lab)
    .lines.filter((line) => line.part === name)
    .reduce((sum, { dollars }) => sum + dollars, 0);

describe('the estimate of a laboratory', () => {
  it('is the sum of its lines, from prices of a day', () => {
    const { lines, dollars, measurements, messages, dollarsPerMillion } = estimate(LAB);
    expect(measurements).toBe(100 * 730 * 3600);
    expect(messages).toBe(measurements / 10);
    expect(lines.reduce((sum, line) => sum + line.dollars, 0)).toBeCloseTo(dollars, 9);
    expect((dollarsPerMillion * measurements) / 1e6).toBeCloseTo(dollars, 9);
    expect(PRICES_DATE).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    for (const { dollars: each } of Object.values(PRICES)) expect(each).toBeGreaterThan(0);
  });

  it('charges what AWS IoT meters by hand: messages, rules and actions of 5 KB, and minutes', () => {
    const { messages } = estimate(LAB);
    const expected = (100 * 730 * 60 * 0.08 + messages * 1.3) / 1e6;
    expect(part(LAB, 'IoT Core')).toBeCloseTo(expected, 9);
    expect(part({ ...LAB, basicIngest: true }, 'IoT Core')).toBeCloseTo(expected - messages / 1e6, 9);
  });

  it('charges an acknowledgement as three messages, one for each device in a batch', () => {
    const acks = part({ ...LAB, acks: true }, 'IoT Core') - part(LAB, 'IoT Core');
    // Each device is in each batch of 30 s.
    expect(acks).toBeCloseTo(((100 * 730 * 3600) / 30) * 3e-6, 9);
    // With a message a minute each message is answered for itself.
    const rare = { ...LAB, rate: 1 / 60, batch: 1 };
    const { messages } = estimate(rare);
    expect(part({ ...rare, acks: true }, 'IoT Core') - part(rare, 'IoT Core')).toBeCloseTo(
      messages * 3e-6,
      9,
    );
  });

  it('charges what people and programs ask by hand', () => {
    const asked = { ...LAB, requests: 1e6, firewall: true, programs: 2 };
    expect(part(asked, 'API Gateway')).toBeCloseTo(3.5, 9);
    expect(part(asked, 'WAF')).toBeCloseTo(5 + 5 * 1 + 0.6, 9);
    expect(part({ ...asked, firewall: false }, 'WAF')).toBe(0);
    expect(part(asked, 'Cognito')).toBeCloseTo(2 * (6 + 730 * 0.00225), 9);
    // Each request is traced where there is less than one a second; of more than that one in twenty.
    const traces = (requests: number) => part({ ...LAB, requests }, 'X-Ray') - part(LAB, 'X-Ray');
    expect(traces(1e6)).toBeCloseTo(5, 6);
    expect(traces(730 * 3600 * 101)).toBeCloseTo(730 * 3600 * 6 * 5e-6, 6);
    const logs = (requests: number) => part({ ...LAB, requests }, 'CloudWatch') - part(LAB, 'CloudWatch');
    expect(logs(1e6)).toBeCloseTo(1350e6 * 0.5e-9, 6);
  });

  it('has an idle stream on demand cost more than a shard', () => {
    const small = { ...LAB, devices: 1, rate: 0.01 };
    expect(part({ ...small, stream: 'on-demand' }, 'Kinesis')).toBeGreaterThan(part(small, 'Kinesis') * 2);
  });

  it('falls with the batching window, up to what fits a batch', () => {
    const at = (windowSeconds: number, lab: Partial<Laboratory> = {}) =>
      estimate({ ...LAB, ...lab, windowSeconds }).dollars;
    expect(at(5)).toBeLessThan(at(1));
    expect(at(30)).toBeLessThan(at(5));
    expect(at(300, { devices: 2000, rate: 100, batch: 100 })).toBe(
      at(60, { devices: 2000, rate: 100, batch: 100 }),
    );
  });

  it('grows with devices and rate, and falls with batches', () => {
    const lab = fc.record({
      devices: fc.integer({ min: 1, max: 10_000 }),
      rate: fc.double({ min: 0.01, max: 10, noNaN: true }),
      batch: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(lab, (more) => {
        const { dollars } = estimate({ ...LAB, ...more });
        expect(Number.isFinite(dollars)).toBe(true);
        expect(estimate({ ...LAB, ...more, devices: more.devices * 2 }).dollars).toBeGreaterThan(dollars);
        expect(part({ ...LAB, ...more, batch: more.batch * 2 }, 'IoT Core')).toBeLessThan(
          part({ ...LAB, ...more }, 'IoT Core'),
        );
      }),
    );
  });
});
