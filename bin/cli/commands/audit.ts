/** `labgate audit`: list, export, verify. */
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import { ChainFault, ChainVerifier } from '../../../contracts/audit-chain.ts';
import { type AuditScope, RootCheck, RootFault } from '../../../contracts/audit-roots.ts';
import { canonicalHash } from '../../../contracts/audit-seal.ts';
import type { AuditEntry } from '../../../contracts/resources/audit.ts';
import { formatTime } from '../../../contracts/time.ts';
import { openApi } from '../client/api.ts';
import { UsageError } from '../client/target.ts';
import { AuditEnd, linesOf, readRoots } from '../output/audit-file.ts';
import { table } from '../output/table.ts';
import { type CommonOptions, NotVerified, print, siteOf, tell, withTarget } from './options.ts';
import { instant, withRange } from './times.ts';

interface RangeOptions extends CommonOptions {
  readonly site?: string;
  readonly from?: string;
  readonly to?: string;
  readonly tz?: string;
}

/** What was written within so long before now may not be all there yet: functions have clocks of their own. */
const SETTLING_MILLIS = 10_000;

const rangeOf = (options: RangeOptions) => ({
  site: siteOf(options.site),
  from: instant('--from', options.from, options),
  to: instant('--to', options.to, options),
});

const what = ({ action, resource, created }: AuditEntry): string =>
  [action, resource?.id, created].filter((part) => part !== undefined).join(' ');

const outcome = ({ outcome: of, code, tries }: AuditEntry): string =>
  [of, code, tries === undefined ? undefined : `(${tries} tries)`]
    .filter((part) => part !== undefined)
    .join(' ');

const list = async (
  options: RangeOptions & { readonly subject?: string; readonly oldest?: boolean },
): Promise<void> => {
  const { subject, oldest } = options;
  const query = { ...rangeOf(options), subject, order: oldest ? 'oldest' : 'newest' };
  const found = await Array.fromAsync(openApi(options).list<AuditEntry>('/v1/audit', query));
  if (options.json) {
    print(JSON.stringify(found));
    return;
  }
  const rows = found.map((entry) => {
    const { at, actor, reason = '', address = '' } = entry;
    return [at, actor.name, actor.grants.join(), what(entry), outcome(entry), address, reason];
  });
  const headings = ['at', 'who', 'grants', 'what', 'outcome', 'from', 'reason'];
  print(rows.length === 0 ? 'nothing' : table(headings, rows));
};

/** What an export or a verification covers. */
const scopeOf = (options: RangeOptions): AuditScope => {
  const { site = null, from = null, to } = rangeOf(options);
  return { site, from, to: to ?? formatTime((Date.now() - SETTLING_MILLIS) * 1000) };
};

/** Entries from the oldest on, as an export and a verification need them. */
const oldestFirst = (options: CommonOptions, { site, from, to }: AuditScope): AsyncGenerator<AuditEntry> => {
  const range = { site: site ?? undefined, from: from ?? undefined, to };
  return openApi(options).list<AuditEntry>('/v1/audit', { ...range, order: 'oldest', limit: 1000 });
};

/** What a verification found to be right. */
const say = (
  verifier: ChainVerifier,
  end: AuditEnd | undefined,
  check: RootCheck | undefined,
  json: boolean | undefined,
): void => {
  const { entries, stretches } = verifier;
  const [first, last] = check?.range ?? [];
  if (json) {
    print(
      JSON.stringify({
        ok: true,
        entries,
        chains: stretches,
        ...(end === undefined ? {} : { root: end.root }),
        ...(check === undefined ? {} : { roots: { first, last, agreed: check.agreed } }),
      }),
    );
    return;
  }
  print(`${entries} entries hold together`);
  for (const { lane, first, last, hash } of stretches)
    print(
      `chain ${lane}: entries ${first} to ${last}${first === 1 ? '' : ', not from its beginning'}, ${hash}`,
    );
  if (end !== undefined) print(`root ${end.root}`);
  if (check !== undefined) print(`as the roots of ${first} to ${last} say: ${check.agreed} ends of chains`);
};

const notVerified = ({ kind, place, message }: ChainFault): NotVerified =>
  new NotVerified(`entry ${place}: ${kind}: ${message}`);

const exportTo = async (options: RangeOptions & { readonly output?: string }): Promise<void> => {
  const { output } = options;
  const verifier = new ChainVerifier(canonicalHash);
  const scope = scopeOf(options);
  const lines = Readable.from(linesOf(oldestFirst(options, scope), verifier, scope));
  // Standard output stays open: others print to it.
  if (output === undefined) await pipeline(lines, process.stdout, { end: false });
  else await pipeline(lines, createWriteStream(output, { mode: 0o600 }));
  const { fault, entries } = verifier;
  if (fault !== undefined) throw notVerified(fault);
  tell(`${entries} entries; keep this elsewhere: root ${AuditEnd.of(verifier, scope).root}`);
};

/** An export, or what the platform says, on its way through the checks. */
class Verification {
  readonly verifier = new ChainVerifier(canonicalHash);
  private readonly roots: readonly unknown[] | undefined;
  private readonly entries: AuditEntry[] = [];

  /** @param roots the roots to compare with, if there are any */
  constructor(roots: readonly unknown[] | undefined) {
    this.roots = roots;
  }

  /** @throws {ChainFault} */
  take(value: unknown): void {
    this.verifier.take(value);
    if (this.roots !== undefined) this.entries.push(value as AuditEntry);
  }

  /**
   * Compares with the roots: only now it is known which site it is about.
   * @throws {ChainFault}, {@link RootFault}
   */
  compare(scope: AuditScope): RootCheck | undefined {
    const { of, entries } = this.verifier;
    if (of !== undefined && of !== scope.site)
      throw new ChainFault('inserted', entries, `the entries are not of ${scope.site ?? 'no site'}`);
    if (this.roots === undefined) return undefined;
    const check = new RootCheck(this.roots, scope.site);
    for (const [index, entry] of this.entries.entries()) check.take(entry, index + 1);
    check.end(scope, entries);
    return check;
  }
}

/** Verifies lines of an export, and gives what stands at its end. */
const verifyFile = async (file: string, verification: Verification): Promise<AuditEnd> => {
  const { verifier } = verification;
  let end: AuditEnd | undefined;
  const place = (): number => verifier.entries + 1;
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (end !== undefined) throw new ChainFault('inserted', place(), 'there is more behind the end');
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new ChainFault('altered', place(), 'it is no JSON');
    }
    end = AuditEnd.read(value);
    if (end === undefined) verification.take(value);
  }
  if (end === undefined) throw new ChainFault('removed', place(), 'the end of the export is missing');
  if (end.root !== AuditEnd.of(verifier, end.scope).root)
    throw new ChainFault('removed', place(), 'the entries are not those that the end tells of');
  return end;
};

const rootsIn = (folder: string): readonly unknown[] => {
  let roots: readonly unknown[];
  try {
    roots = readRoots(folder);
  } catch (cause) {
    throw new UsageError(`roots ${folder} cannot be read: ${String(cause)}`, { cause });
  }
  if (roots.length === 0) throw new UsageError(`roots ${folder} holds no roots: YYYY-MM-DD.json`);
  return roots;
};

const verify = async (
  file: string | undefined,
  options: RangeOptions & { readonly root?: string; readonly roots?: string },
): Promise<void> => {
  const { root, json } = options;
  if (root !== undefined && file === undefined) throw new UsageError('--root goes with a file');
  const verification = new Verification(options.roots === undefined ? undefined : rootsIn(options.roots));
  const { verifier } = verification;
  try {
    const end = file === undefined ? undefined : await verifyFile(file, verification);
    const scope = end?.scope ?? scopeOf(options);
    if (end === undefined) for await (const entry of oldestFirst(options, scope)) verification.take(entry);
    if (root !== undefined && end?.root !== root)
      throw new ChainFault('altered', verifier.entries, `it is another export: its root is ${end?.root}`);
    say(verifier, end, verification.compare(scope), json);
  } catch (error) {
    if (!(error instanceof ChainFault || error instanceof RootFault)) throw error;
    const { message: detail } = error;
    const place = error instanceof ChainFault ? { kind: error.kind, place: error.place } : { kind: 'roots' };
    if (json) print(JSON.stringify({ ok: false, ...place, detail }));
    throw error instanceof ChainFault ? notVerified(error) : new NotVerified(detail);
  }
};

/** The `audit` command. */
export const auditCommand = (): Command => {
  const command = new Command('audit').description('who changed what, and who was denied what');
  const site = new Option('--site <site>', "of this site; what belongs to none without it, or with ''").env(
    'LABGATE_SITE',
  );
  const ranged = (line: string): Command => withRange(withTarget(command.command(line))).addOption(site);
  ranged('list')
    .description('list entries of a site, the newest first')
    .option('--subject <subject>', 'only of this subject of tokens')
    .option('--oldest', 'the oldest first')
    .action(list);
  ranged('export')
    .description('write entries of a site as NDJSON, to be verified without the platform')
    .addOption(new Option('-o, --output <file>', 'file to write; standard output when absent'))
    .action(exportTo);
  ranged('verify [file]')
    .description(
      'check that nothing was altered, removed, inserted or moved, in an export or at the platform',
    )
    .option('--root <hash>', 'root that was printed when the file was exported')
    .option(
      '--roots <folder>',
      'daily roots, downloaded from their bucket: tells a chain that was cut off or made anew',
    )
    .action(verify);
  return command;
};
