/** `labgate cost`: what a laboratory of some size costs a month. */
import { Command, Option } from 'commander';
import { UsageError } from '../client/target.ts';
import { estimate, type Laboratory } from '../cost/estimate.ts';
import { PRICES, PRICES_DATE, PRICES_REGION, PRICES_SOURCE } from '../cost/prices.ts';
import { table } from '../output/table.ts';
import { print } from './options.ts';

interface CostOptions {
  readonly devices: string;
  readonly rate: string;
  readonly batch: string;
  readonly basicIngest?: boolean;
  readonly stream: Laboratory['stream'];
  readonly window: string;
  readonly hotDays: string;
  readonly years: string;
  readonly acks: boolean;
  readonly requests: string;
  readonly firewall?: boolean;
  readonly programs: string;
  readonly json?: boolean;
}

const amount = (name: string, text: string, whole = false): number => {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0) || !Number.isFinite(value) || (whole && !Number.isInteger(value)))
    throw new UsageError(`--${name} ${text}: use a ${whole ? 'whole ' : ''}number above 0`);
  return value;
};

const countOf = (name: string, text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
    throw new UsageError(`--${name} ${text}: use a whole number from 0`);
  return value;
};

const money = (dollars: number): string => dollars.toFixed(dollars < 0.1 ? 4 : 2);
const count = (units: number): string =>
  units.toLocaleString('en-US', { maximumFractionDigits: units < 10 ? 2 : 0 });

const cost = (options: CostOptions): void => {
  const lab: Laboratory = {
    devices: amount('devices', options.devices, true),
    rate: amount('rate', options.rate),
    batch: amount('batch', options.batch, true),
    basicIngest: options.basicIngest ?? false,
    stream: options.stream,
    windowSeconds: amount('window', options.window),
    hotDays: amount('hot-days', options.hotDays),
    years: amount('years', options.years),
    acks: options.acks,
    requests: countOf('requests', options.requests),
    firewall: options.firewall ?? false,
    programs: countOf('programs', options.programs),
  };
  const found = estimate(lab);
  if (options.json) {
    const prices = { date: PRICES_DATE, region: PRICES_REGION, source: PRICES_SOURCE, table: PRICES };
    print(JSON.stringify({ laboratory: lab, ...found, prices }));
    return;
  }
  const rows = found.lines.map(({ part, what, units, unit, dollars, from }) => [
    part,
    what,
    count(units),
    unit,
    money(dollars),
    from === 'price list' ? '' : from,
  ]);
  print(table(['part', 'for', 'units a month', 'unit', 'USD', 'price'], rows));
  print(
    `\n${money(found.dollars)} USD a month for ${count(found.measurements)} measurements in ${count(found.messages)} messages`,
  );
  print(`${found.dollarsPerMillion.toPrecision(3)} USD a million measurements`);
  print(`\nPrices of ${PRICES_DATE}, ${PRICES_REGION}, without free tiers. ${PRICES_SOURCE}.`);
};

/** The `cost` command. */
export const costCommand = (): Command =>
  new Command('cost')
    .description('what a laboratory costs a month, part by part')
    .requiredOption('--devices <count>', 'instruments that are connected')
    .requiredOption('--rate <number>', 'measurements a second of each')
    .option('--batch <count>', 'measurements in a message', '10')
    .option('--basic-ingest', 'messages by Basic Ingest: nobody watches live, and messages cost nothing')
    .addOption(
      new Option('--stream <mode>', 'how the stream is paid')
        .choices(['provisioned', 'on-demand'])
        .default('provisioned'),
    )
    .option('--window <seconds>', 'batching window of the stream', '30')
    .option('--hot-days <days>', 'how long measurements stay in DynamoDB', '35')
    .option('--years <years>', 'how long they stay in S3', '5')
    .option('--no-acks', 'devices ask for no acknowledgements')
    .option('--requests <count>', 'requests to the API a month', '100000')
    .option('--firewall', 'with AWS WAF in front of the API')
    .option('--programs <count>', 'programs that call the API all the time, each with a token an hour', '1')
    .option('--json', 'print JSON')
    .action(cost);
