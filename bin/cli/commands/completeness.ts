/** `labgate completeness`: what came from a device, what became of it, and what is missing. */
import { Command } from 'commander';
import type { Completeness } from '../../../contracts/resources/completeness.ts';
import { openApi } from '../client/api.ts';
import { table } from '../output/table.ts';
import { type CommonOptions, print, tell, withTarget } from './options.ts';
import { instant, withRange } from './times.ts';

interface CompletenessOptions extends CommonOptions {
  readonly from: string;
  readonly to?: string;
  readonly tz?: string;
  readonly check?: boolean;
}

const codes = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');

const asText = (told: Completeness): string => {
  const { quarantined, rejected } = told;
  const ledger = table(
    ['points', 'count', 'of them'],
    [
      ['received', String(told.received), told.replayed > 0 ? `replayed ${told.replayed}` : ''],
      [
        'stored',
        String(told.stored),
        [
          told.overwritten > 0 ? `overwritten ${told.overwritten}` : '',
          told.late > 0 ? `late ${told.late}` : '',
        ]
          .filter((part) => part !== '')
          .join(', '),
      ],
      ['duplicate', String(told.duplicate), ''],
      ['quarantined', String(quarantined.points), codes(quarantined.byCode)],
    ],
  );
  const share = (present: number, expected: number | null): string =>
    expected === null || expected === 0 ? '' : `${((present / expected) * 100).toFixed(1)} %`;
  const channels = table(
    ['channel', 'present', 'expected', 'share'],
    told.channels.map(({ n, present, expected }) => [
      n,
      String(present),
      expected === null ? '' : String(expected),
      share(present, expected),
    ]),
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
    `${told.device} from ${told.from} to ${told.to}: ${told.messages} messages`,
    rejected.messages > 0 ? `${rejected.messages} could not be read: ${codes(rejected.byCode)}` : '',
    ledger,
    channels,
    told.missing === 0 ? missing : `${missing}\n${gaps}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
};

/** Exit code of `--check` when something is missing. */
const MISSING = 5;

const completeness = async (device: string, options: CompletenessOptions): Promise<void> => {
  const told = await openApi(options).json<Completeness>(
    `/v1/devices/${encodeURIComponent(device)}/completeness`,
    {
      query: {
        from: instant('--from', options.from, options),
        to: instant('--to', options.to, options),
      },
    },
  );
  print(options.json ? JSON.stringify(told) : asText(told));
  if (told.gapsLeft > 0) tell(`${told.gapsLeft} more gaps: narrow the range`);
  if (options.check && (told.missing > 0 || told.rejected.messages > 0 || told.quarantined.points > 0))
    process.exitCode = MISSING;
};

/** The `completeness` command. */
export const completenessCommand = (): Command =>
  withRange(withTarget(new Command('completeness')), { from: 'P1D' })
    .description('what came from a device, what became of it, and what is missing')
    .argument('<device>')
    .option('--check', `end with code ${MISSING} when anything is missing or was not stored`)
    .action(completeness);
