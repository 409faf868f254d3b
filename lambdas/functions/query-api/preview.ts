/** Alert rules tried on past data. */
import type {
  AlertPreview,
  AlertPreviewRequest,
  AlertRule,
} from '../../../contracts/resources/alert-rules.ts';
import type { Principal } from '../../../contracts/roles.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, parseTime } from '../../../contracts/time.ts';
import { Preview } from '../../domain/alerts/preview.ts';
import { checkRule } from '../../domain/alerts/rule-faults.ts';
import { rulesOfType } from '../../domain/ingestion/quality.ts';
import type { Note } from '../../runtime/http/audit.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { type Measurements, readHours } from '../../store/measurements/index.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { type Instrument, instrumentsFor } from './instruments.ts';

const MOST_DAYS = 31;
const MOST_POINTS = 5_000_000;
/** Seconds between points of a channel whose type does not say. */
const USUAL_INTERVAL = 1;

const refuse = (pointer: string, detail: string): ProblemError =>
  new ProblemError('invalid-request', { errors: [{ pointer, detail }] });

const rangeOf = ({ from, to }: AlertPreviewRequest) => {
  const range = { from: parseTime(from) ?? Number.NaN, to: parseTime(to) ?? Number.NaN };
  if (!(range.from < range.to && range.to - range.from <= MOST_DAYS * MICROS_PER_DAY))
    throw refuse('/to', `must lie after from, by ${MOST_DAYS} days at most`);
  return range;
};

/** Refuses a range whose points take too long to go through. */
const refuseTooMany = (
  { channels: all }: Instrument,
  channels: ReadonlySet<string> | undefined,
  { from, to }: { readonly from: number; readonly to: number },
): void => {
  const anHour = Object.entries(all)
    .filter(([name]) => channels?.has(name) ?? true)
    .reduce((sum, [, { interval = USUAL_INTERVAL }]) => sum + 3600 / interval, 0);
  if ((anHour * (to - from)) / MICROS_PER_HOUR > MOST_POINTS)
    throw new ProblemError('answer-too-large', {
      detail: `more than ${MOST_POINTS} points: ask for a shorter range`,
    });
};

/**
 * Tries a rule on the points of a device. Reads what a series of the same range does.
 * @throws {ProblemError} `not-found`, `invalid-request`, `answer-too-large`
 */
export const previewOf = async (
  measurements: Measurements,
  registry: Registry,
  request: AlertPreviewRequest,
  principal: Principal,
  note: Note,
): Promise<AlertPreview> => {
  const [instrument] = await instrumentsFor(registry, [request.device], principal);
  if (instrument === undefined) throw new ProblemError('not-found');
  note({ site: instrument.site, resource: { kind: 'devices', id: instrument.id } });
  const range = rangeOf(request);
  const checked = checkRule(request.rule, instrument);
  if ('faults' in checked)
    throw new ProblemError('invalid-request', {
      errors: checked.faults.map(({ pointer, detail }) => ({ pointer: `/rule${pointer}`, detail })),
    });
  const at = request.from;
  const made = { version: 1, createdAt: at, createdBy: '', updatedAt: at, updatedBy: '' };
  const rule: AlertRule = {
    ...request.rule,
    ...made,
    ...(checked.evaluated && { evaluated: checked.evaluated }),
  };
  const preview = new Preview(rule, instrument, request.device);
  const { channels } = preview;
  refuseTooMany(instrument, channels, range);
  const wanted = { ...range, rules: rulesOfType(instrument), ...(channels && { channels }) };
  for await (const { columns } of readHours(measurements, instrument.id, wanted)) preview.take(columns);
  return preview.finish(range.from, range.to);
};
