/** `labgate completeness`: what came from a device, what became of it, and what is missing. */
import { Command, Option } from 'commander';
import {
  COMPLETENESS_BY,
  type CompletenessAnswer,
  type ToldByArrival,
  type ToldByMeasured,
} from '../../../contracts/resources/completeness.ts';
import { openApi } from '../client/api.ts';
import { table } from '../output/table.ts';
import { type CommonOptions, print, tell, withTarget } from './options.ts';
import { instant, withRange } from './times.ts';

interface CompletenessOptions extends CommonOptions {
  readonly from: string;
  readonly to?: string;
  readonly tz?: string;
  readonly by?: string;
  readonly check?: boolean;
}

const codes = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');

/** Why nothing can be said, in words. */
const REASONS: Readonly<Record<NonNullable<CompletenessAnswer['reason']>, string>> = {
  'no-messages': 'no message came, and no channel of its type declares an interval',
  'no-numbers': 'its messages carry no seq, and no channel of its type declares an interval',
  'no-interval': 'no channel of its type declares an interval',
};

/** What came, by the time of its arrival. */
const arrivalText = (told: ToldByArrival, basis: CompletenessAnswer['basis']): string[] => {
  const { quarantined, rejected } = told;
  const notes = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ');
  const ledger = table(
    ['points by arrival', 'count', 'of them'],
    [
      ['received', String(told.received), told.replayed > 0 ? `replayed ${told.replayed}` : ''],
      [
        'stored',
        String(told.stored),
        notes(
          told.overwritten > 0 ? `overwritten ${told.overwritten}` : '',
          told.late > 0 ? `late ${told.late}` : '',
        ),
      ],
      ['duplicate', String(told.duplicate), ''],
      ['quarantined', String(quarantined.points), codes(quarantined.byCode)],
    ],
  );
  const gaps = table(
    ['session', 'from', 'to', 'messages', 'after', 'before', 'likely cause'],
    told.gaps.map(({ session, from, to, messages, after, before, cause }) => [
      session,
      String(from),
      String(to),
      String(messages),
      after ?? '',
      before,
      cause,
    ]),
  );
  const missing = told.missing === 0 ? 'no message is missing' : `${told.missing} messages are missing`;
  return [
    rejected.messages > 0 ? `${rejected.messages} could not be read: ${codes(rejected.byCode)}` : '',
    ledger,
    told.open > 0
      ? `${told.open} entries of the quarantine are open: labgate quarantine list --state open`
      : '',
    basis.includes('sequence') ? (told.missing === 0 ? missing : `${missing}\n${gaps}`) : '',
  ];
};

/** Channels, by the time at which they were measured. */
const measuredText = ({ channels }: ToldByMeasured): string[] => {
  const share = (present: number, expected: number | null): string =>
    expected === null || expected === 0 ? '' : `${((present / expected) * 100).toFixed(1)} %`;
  const gaps = channels.flatMap(({ n, gaps: of }) =>
    of.map(({ after, before, points }) => [n, String(points), after ?? '', before ?? '']),
  );
  const left = channels.reduce((sum, { gapsLeft }) => sum + gapsLeft, 0);
  return [
    table(
      ['channel by measured time', 'present', 'expected', 'share'],
      channels.map(({ n, present, expected }) => [
        n,
        String(present),
        expected === null ? '' : String(expected),
        share(present, expected),
      ]),
    ),
    gaps.length === 0 ? '' : table(['points absent of', 'points', 'after', 'before'], gaps),
    left === 0 ? '' : `${left} more times without points: narrow the range`,
  ];
};

const asText = (told: CompletenessAnswer): string => {
  const { device, from, to, messages, channels, known, basis, reason } = told;
  return [
    `${device} from ${from} to ${to}${messages === undefined ? '' : `: ${messages} messages`}`,
    ...(messages === undefined ? [] : arrivalText(told as ToldByArrival, basis)),
    ...(channels === undefined ? [] : measuredText({ channels })),
    known || reason === undefined ? '' : `whether anything is missing cannot be known: ${REASONS[reason]}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
};

/** Exit codes of `--check`. */
const MISSING = 5;
const UNKNOWN = 6;

/** What `--check` comes to. Numbers of messages count more than intervals, which an instrument at rest does not keep. */
export const checked = ({
  known,
  basis,
  missing = 0,
  open = 0,
  channels = [],
}: CompletenessAnswer): number | undefined => {
  const isAbsent = !basis.includes('sequence') && channels.some(({ gaps }) => gaps.length > 0);
  if (missing > 0 || open > 0 || isAbsent) return MISSING;
  return known ? undefined : UNKNOWN;
};

const completeness = async (device: string, options: CompletenessOptions): Promise<void> => {
  const told = await openApi(options).json<CompletenessAnswer>(
    `/v1/devices/${encodeURIComponent(device)}/completeness`,
    {
      query: {
        from: instant('--from', options.from, options),
        to: instant('--to', options.to, options),
        by: options.by,
      },
    },
  );
  print(options.json ? JSON.stringify(told) : asText(told));
  if (told.gapsLeft !== undefined && told.gapsLeft > 0) tell(`${told.gapsLeft} more gaps: narrow the range`);
  const code = options.check ? checked(told) : undefined;
  if (code !== undefined) process.exitCode = code;
};

/** The `completeness` command. */
export const completenessCommand = (): Command =>
  withRange(withTarget(new Command('completeness')), { from: 'P1D' })
    .description('what came from a device, what became of it, and what is missing')
    .argument('<device>')
    .addOption(
      new Option('--by <time>', 'only what arrived, or only what was measured in this time').choices(
        COMPLETENESS_BY,
      ),
    )
    .option(
      '--check',
      `end with code ${MISSING} when anything is missing or not stored, ${UNKNOWN} when nobody can know`,
    )
    .action(completeness);
