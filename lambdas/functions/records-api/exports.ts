/** Exports as callers see them: ordered, watched, cancelled, got. */
import { createHash, randomUUID } from 'node:crypto';
import * as z from 'zod';
import {
  EXPORT_FILES,
  EXPORTS_A_DAY,
  type ExportFile,
  type ExportJob,
  type ExportRequest,
  exportFile,
  LINK_SECONDS,
} from '../../../contracts/resources/exports.ts';
import { allowed, type Principal } from '../../../contracts/roles.ts';
import { formatTime, parseTime } from '../../../contracts/time.ts';
import { digest } from '../../runtime/digest.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import type { LinkTo } from '../../store/objects/objects.ts';
import { countExport } from '../../store/registry/export-quota.ts';
import {
  changeExport,
  createExport,
  expiryOf,
  FIRST_PLACE,
  readExport,
  readFiles,
  type StoredExport,
} from '../../store/registry/exports.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readRegistry } from '../../store/registry/lookup.ts';

/** What exports are ordered and got with. */
export interface Dependencies {
  readonly registry: Registry;
  readonly link: LinkTo;
  /** Lets the worker know of an export. */
  readonly notify: (id: string) => Promise<void>;
}

const MILLIS_PER_DAY = 86_400_000;

/** The same caller with the same key means the same export. */
const idOf = (principal: Principal, key: string | undefined): string =>
  key === undefined
    ? randomUUID()
    : createHash('sha256')
        .update(JSON.stringify([principal.subject, key]))
        .digest('hex')
        .slice(0, 32);

/** @throws {ProblemError} `not-found` pointing at devices that are not there or not to be seen */
const sitesOf = async (
  registry: Registry,
  principal: Principal,
  devices: readonly string[],
): Promise<string[]> => {
  const found = (await readRegistry(registry, { devices, types: [] })).devices;
  const sites = devices.map((id) => {
    const site = found.get(id)?.site;
    return site !== undefined && allowed(principal, 'series:read', site) ? site : undefined;
  });
  const errors = sites.flatMap((site, at) =>
    site === undefined ? [{ pointer: `/devices/${at}`, detail: 'there is no such device' }] : [],
  );
  if (errors.length > 0) throw new ProblemError('not-found', { errors });
  return [...new Set(sites.flatMap((site) => site ?? []))].sort();
};

/**
 * Counts an export that is not there yet.
 * @throws {ProblemError} `throttled` where its principal has ordered too many today
 */
const takeFromQuota = async (
  registry: Registry,
  { subject }: Principal,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<void> => {
  if ((await readExport(registry, id)) !== undefined) return;
  if (await countExport(registry, { subject, now, most: EXPORTS_A_DAY })) return;
  const left = Math.ceil((MILLIS_PER_DAY - (now.getTime() % MILLIS_PER_DAY)) / 1000);
  throw new ProblemError('throttled', {
    detail: `${EXPORTS_A_DAY} exports have been ordered today, which ends at midnight in UTC`,
    headers: { 'retry-after': String(left) },
  });
};

/** @throws {ProblemError} `forbidden` naming the first site where the permission to order exports is missing */
const requireOrder = (principal: Principal, sites: readonly string[]): void => {
  const foreign = sites.find((site) => !allowed(principal, 'exports:create', site));
  if (foreign !== undefined)
    throw new ProblemError('forbidden', {
      site: foreign,
      detail: `the permission exports:create is needed at ${foreign}`,
    });
};

const isOver = ({ expiresAt }: StoredExport, now: Date): boolean => expiresAt * 1000 <= now.getTime();

const shareOf = ({ state, query, place }: StoredExport): number => {
  if (state === 'succeeded') return 1;
  const [from, to] = [parseTime(query.from) ?? 0, parseTime(query.to) ?? 0];
  const reached = place.after?.time ?? from;
  const within = to > from ? Math.min(1, Math.max(0, (reached - from) / (to - from))) : 0;
  return Math.min(1, (place.device + within) / query.devices.length);
};

/** An export as it goes out. */
export const jobOf = async ({ link }: Dependencies, job: StoredExport, now: Date): Promise<ExportJob> => {
  const { id, query, createdAt, createdBy, files, rows, bytes, manifest } = job;
  const over = isOver(job, now);
  return {
    id,
    state: over ? 'expired' : job.state,
    query,
    createdAt,
    createdBy,
    expiresAt: new Date(job.expiresAt * 1000).toISOString(),
    progress: { share: shareOf(job), files, rows, bytes },
    ...(manifest === undefined || over
      ? {}
      : { manifest: { url: await link(manifest.key, LINK_SECONDS), sha256: manifest.sha256 } }),
  };
};

/**
 * Orders an export. With the same key it is ordered once; one whose order did not reach the worker reaches it now.
 * @throws {ProblemError} `not-found`, `forbidden`, `invalid-request`, `throttled`, or `idempotency-conflict`
 */
export const orderExport = async (
  dependencies: Dependencies,
  principal: Principal,
  request: ExportRequest,
  { key, now }: { readonly key: string | undefined; readonly now: Date },
): Promise<StoredExport> => {
  const { registry } = dependencies;
  const { devices, channels, from, format, csv } = request;
  const to = request.to ?? now.getTime() * 1000;
  if (from > to)
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '/from', detail: 'from must not lie after to, which is now when absent' }],
    });
  const sites = await sitesOf(registry, principal, devices);
  requireOrder(principal, sites);
  const requestHash = digest(['createExport', request]);
  const id = idOf(principal, key);
  await takeFromQuota(registry, principal, { id, now });
  const job = await createExport(registry, {
    id,
    state: 'queued',
    version: 1,
    query: {
      devices: [...devices].sort(),
      channels: channels === undefined ? null : [...channels].sort(),
      from: formatTime(from),
      to: formatTime(to),
      format,
      ...(csv === undefined ? {} : { csv }),
    },
    requestHash,
    createdAt: now.toISOString(),
    createdBy: principal.name,
    expiresAt: expiryOf(now),
    sites,
    files: 0,
    rows: 0,
    bytes: 0,
    place: FIRST_PLACE,
  });
  if (job.requestHash !== requestHash) throw new ProblemError('idempotency-conflict');
  if (job.state === 'queued') await dependencies.notify(job.id);
  return job;
};

/**
 * The export, for who may read all that is in it.
 * @throws {ProblemError} `not-found`
 */
export const findExport = async (
  { registry }: Dependencies,
  principal: Principal,
  id: string,
): Promise<StoredExport> => {
  const job = await readExport(registry, id);
  const seen =
    job?.sites.every(
      (site) => allowed(principal, 'exports:read', site) && allowed(principal, 'series:read', site),
    ) ?? false;
  if (job === undefined || !seen) throw new ProblemError('not-found');
  return job;
};

const TRIES = 5;

/**
 * Cancels an export; one that is over stays as it is.
 * @throws {ProblemError} `not-found`, `forbidden`, or `unavailable` when it changes faster than one can look
 */
export const cancelExport = async (
  dependencies: Dependencies,
  principal: Principal,
  id: string,
): Promise<StoredExport> => {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const job = await findExport(dependencies, principal, id);
    requireOrder(principal, job.sites);
    if (job.state !== 'queued' && job.state !== 'running') return job;
    try {
      return await changeExport(dependencies.registry, job, { state: 'cancelled' });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  throw new ProblemError('unavailable', { headers: { 'retry-after': '1' } });
};

/** What a cursor of the files of an export is bound to. */
export const filesIdentity = (id: string) => ({ exportFiles: id });

/** One page of files with their links; none of an export that is not done, or not there any more. */
export const filesPage = async (
  { registry, link }: Dependencies,
  job: StoredExport,
  query: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
  now: Date,
): Promise<{
  readonly items: readonly (ExportFile & { readonly url: string })[];
  readonly position: number | undefined;
}> => {
  if (job.state !== 'succeeded' || isOver(job, now)) return { items: [], position: undefined };
  const after =
    query.cursor === undefined
      ? 0
      : readCursor(query.cursor, filesIdentity(job.id), z.int().min(0).max(job.files));
  const files = await readFiles(registry, job.id, after, query.limit ?? EXPORT_FILES.usual);
  const items = await Promise.all(
    files.map(async (file) => ({ ...exportFile.parse(file), url: await link(file.key, LINK_SECONDS) })),
  );
  const seen = after + files.length;
  return { items, position: seen < job.files ? seen : undefined };
};
