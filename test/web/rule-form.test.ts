/** The editor of alert rules: what the server answered goes through the form unchanged, and nothing typed is rewritten. */
import { describe, expect, it } from 'vitest';
import { alertRule, alertRuleInput } from '../../contracts/resources/alert-rules.ts';
import {
  emptyRule,
  formOfRule,
  type RuleForm,
  readRuleForm,
} from '../../web/src/pages/alert-rules/rule-form.ts';

const MADE = { version: 1, createdAt: '', createdBy: '', updatedAt: '', updatedBy: '' };
const RULE = {
  id: 'too-hot',
  type: 'meter',
  name: 'Too hot',
  site: 'lab-1',
  devices: ['meter-1'],
  channel: 'temp',
  onDelay: 60,
  offDelay: 5,
  priority: 'high',
  latching: true,
  enabled: false,
  instructions: 'Close the door.',
  calendar: { zone: 'Europe/Berlin', days: ['monday', 'sunday'], from: '22:00', to: '07:00' },
  suppression: { kind: 'by-design', devices: ['meter-1'], until: '2026-03-01T10:00:00.000Z', reason: 'new' },
} as const;

describe('a rule', () => {
  it.each([
    { kind: 'threshold', direction: 'low', limit: -0.5, hysteresis: 0.1, unit: 'K' },
    { kind: 'rate', direction: 'either', limit: 0.1, window: 60 },
    { kind: 'deviation', from: { value: 37 }, limit: 1, hysteresis: 0 },
    { kind: 'deviation', from: { channel: 'target' }, limit: 1, hysteresis: 0 },
    { kind: 'no-data', after: 300 },
    { kind: 'bad-quality', share: 0.5, points: 10 },
  ])('of $kind goes through the form unchanged', (condition) => {
    const rule = alertRule.parse({ ...RULE, ...MADE, condition });
    const read = readRuleForm(formOfRule(rule, 'Europe/Berlin'), 'Europe/Berlin');
    expect(read.errors).toEqual({});
    expect(alertRuleInput.parse(read.rule)).toEqual(alertRuleInput.strip().parse(rule));
  });
});

const form: RuleForm = { ...emptyRule('meter', ''), id: 'a', name: 'A', channel: 'temp' };
const faults = (change: Partial<RuleForm>): string[] =>
  Object.keys(readRuleForm({ ...form, ...change }, 'UTC').errors);

describe('what is wrong', () => {
  it('is pointed at as the server does', () => {
    expect(faults({})).toEqual(['/condition/limit']);
    expect(faults({ condition: { direction: 'high', limit: '3,5', hysteresis: '-1' } })).toEqual([
      '/condition/limit',
      '/condition/hysteresis',
    ]);
    expect(faults({ kind: 'deviation', from: 'channel', condition: { limit: '1' } })).toEqual([
      '/condition/from/channel',
    ]);
    expect(faults({ kind: 'no-data', channel: '', condition: { after: '59' } })).toEqual([
      '/condition/after',
    ]);
    expect(faults({ condition: { direction: 'high', limit: '1' }, delays: { onDelay: '1.5' } })).toEqual([
      '/onDelay',
    ]);
    expect(
      faults({
        condition: { direction: 'high', limit: '1' },
        channel: '',
        calendar: { zone: 'UTC', days: [], from: '', to: '07:00' },
        suppression: { kind: 'by-design', devices: [], until: '', reason: ' ' },
      }),
    ).toEqual(['/channel', '/calendar/from', '/calendar/days', '/suppression/until', '/suppression/reason']);
  });

  it('is nothing where zero is meant', () => {
    const { rule, errors } = readRuleForm({ ...form, condition: { direction: 'high', limit: '0' } }, 'UTC');
    expect(errors).toEqual({});
    expect(rule.condition).toEqual({ kind: 'threshold', direction: 'high', limit: 0 });
  });
});
